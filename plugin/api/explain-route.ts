// `GET /v1/explain`: what would become of a request that nobody sends.
import express, { type Router } from "express";
import { MeshError } from "../../mesh/errors.ts";
import { quote } from "../../mesh/printable.ts";
import type { Explanation, Question } from "../explain/explanation.ts";
import { refuseMethod } from "./answers.ts";

export interface ExplainSources {
  readonly explain: (question: Question) => Promise<Explanation>;
}

export function explainRoute({ explain }: ExplainSources): Router {
  const router = express.Router({ strict: true, caseSensitive: true });
  router
    .route("/v1/explain")
    .get(async (request, response) => {
      response.json(await explain(readQuestion(request.query)));
    })
    .all(refuseMethod("GET, HEAD"));
  return router;
}

type Query = Readonly<Record<string, unknown>>;

/** `from` and `to`, and where they are given `method`, `path`, `port` and any number of `header`, as `name: value` each. */
function readQuestion(query: Query): Question {
  const path = textOf(query, "path") ?? "/";
  return {
    ...{ from: required(query, "from"), to: required(query, "to") },
    method: (textOf(query, "method") ?? "GET").toUpperCase(),
    path: path.startsWith("/") ? path : `/${path}`,
    port: readPort(textOf(query, "port")),
    headers: listOf(query["header"]).map(readHeader),
  };
}

function required(query: Query, name: string): string {
  const text = textOf(query, name);
  if (text !== undefined && text !== "") return text;
  throw invalid(name, "the name of a service", text);
}

function textOf(query: Query, name: string): string | undefined {
  const value = query[name];
  if (value === undefined || typeof value === "string") return value;
  throw invalid(name, "one text", JSON.stringify(value));
}

function readPort(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^[1-9]\d{0,4}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw invalid("port", "a port from 1 to 65535", text);
}

function listOf(value: unknown): readonly string[] {
  const list: readonly unknown[] = Array.isArray(value)
    ? value
    : value === undefined
      ? []
      : [value];
  return list.filter((each) => typeof each === "string");
}

function readHeader(text: string): readonly [string, string] {
  const [, name, value] = /^([^:\s]+):[ \t]*(.*)$/s.exec(text) ?? [];
  if (name !== undefined && value !== undefined) return [name, value.trim()];
  throw invalid("header", "a header such as `x-user: ada`", text);
}

function invalid(name: string, expected: string, found: string | undefined): MeshError {
  const got = found === undefined ? "nothing" : quote(found);
  return new MeshError("CONFIGURATION_INVALID", `${name}: expected ${expected}, got ${got}`);
}
