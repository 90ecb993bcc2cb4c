// Fields of a policy as people write them in a file: JSON, nested or with dotted names.
import { readFile } from "node:fs/promises";
import { describeError, MeshError } from "../../mesh/errors.ts";
import type { PolicyDocument } from "../../mesh/policy/document.ts";
import { joinList } from "../../mesh/policy/kinds.ts";
import { parseObject } from "./api-call.ts";
import type { CommandContext } from "./command.ts";

/** By dotted name. What is no value of a field stays as it is, for the agent to refuse with the name of the field. */
export type FileFields = ReadonlyMap<string, unknown>;

/** Objects within objects; what is deeper is left as it is. */
const DEEPEST = 8;

/** `-` is standard input. Throws CONFIGURATION_INVALID for a file that is none or holds no JSON object. */
export async function readFields(path: string, context: CommandContext): Promise<FileFields> {
  const shown = path === "-" ? "standard input" : path;
  let text: string;
  try {
    text = path === "-" ? await context.readInput() : await readFile(path, "utf8");
  } catch (error) {
    throw new MeshError("CONFIGURATION_INVALID", `cannot read ${shown}: ${describeError(error)}`);
  }
  return parseFields(text, shown);
}

export function parseFields(text: string, shown: string): FileFields {
  const json = parseObject<Record<string, unknown>>(text);
  if (json === undefined) {
    const message = `expected a JSON object such as {"balance": {"algorithm": "random"}} in ${shown}`;
    throw new MeshError("CONFIGURATION_INVALID", `${message}${describeSyntax(text)}`);
  }
  const fields = new Map<string, unknown>();
  flatten("", json, 0, fields);
  return fields;
}

function describeSyntax(text: string): string {
  try {
    JSON.parse(text);
    return "";
  } catch (error) {
    return `: ${describeError(error)}`;
  }
}

function flatten(prefix: string, json: object, depth: number, fields: Map<string, unknown>): void {
  for (const [key, value] of Object.entries(json)) {
    const name = `${prefix}${key}`;
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    if (isObject && depth < DEEPEST) flatten(`${name}.`, value, depth + 1, fields);
    else if (fields.has(name)) throw twice(name);
    else fields.set(name, asText(value));
  }
}

function twice(name: string): MeshError {
  return new MeshError(
    "CONFIGURATION_INVALID",
    `${name}: expected each field once, got it nested and by its dotted name`,
  );
}

function asText(value: unknown): unknown {
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (!Array.isArray(value) || value.some((entry) => typeof entry === "object")) return value;
  const entries = value.map(String);
  return entries.some((entry) => entry.endsWith("\\")) ? value : joinList(entries);
}

/** For comparing: whatever is no text is shown as JSON. */
export function toDocument(fields: FileFields): PolicyDocument {
  return Object.fromEntries(
    [...fields].map(([name, value]) => [
      name,
      typeof value === "string" ? value : JSON.stringify(value),
    ]),
  );
}
