// What the machine must remember between `npm start` and `npm stop`: everything that has to be undone. A thing is
// recorded before it is made, so that a run killed half way through leaves nothing unknown behind.
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { NetworkBefore } from "./engine/network-traces.ts";
import { writeWhole } from "./packages/fetch.ts";

/** An engine that was started here. */
export interface EngineRecord {
  /** The unix socket it answers on. */
  readonly socket: string;
  readonly network: NetworkBefore;
}

/** A symbolic link that was made outside the clone. */
export interface LinkRecord {
  readonly path: string;
  readonly target: string;
}

/** A compose project that was brought up. */
export interface ProjectRecord {
  readonly name: string;
  readonly file: string;
}

export interface State {
  readonly engine: EngineRecord | undefined;
  readonly links: readonly LinkRecord[];
  /** Images pulled from a registry, which nobody had pulled before. */
  readonly pulledImages: readonly string[];
  readonly projects: readonly ProjectRecord[];
  /** The images of ours, by name or id, that the engine had before, and keeps; undefined when all are to go. */
  readonly imagesBefore: readonly string[] | undefined;
}

const FILE = "state.json";

/** The recorded state; empty when there is none, or when a killed run left something unreadable. */
export async function readState(directory: string): Promise<State> {
  const text = await readFile(join(directory, FILE), "utf8").catch(() => "");
  return parseState(text);
}

/** Replaces the recorded state in one step. */
export async function updateState(
  directory: string,
  change: (state: State) => State,
): Promise<State> {
  await mkdir(directory, { recursive: true, mode: 0o755 });
  const state = change(await readState(directory));
  await writeWhole(join(directory, FILE), `${JSON.stringify(state, undefined, 2)}\n`);
  return state;
}

/** Removes the state directory with everything in it. */
export async function forgetState(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true });
}

/** The state in a text; whatever part of it does not have the expected shape is left out. */
export function parseState(text: string): State {
  const value = parseObject(text);
  return {
    engine: isEngine(value["engine"]) ? value["engine"] : undefined,
    links: list(value["links"]).filter(isLink),
    pulledImages: list(value["pulledImages"]).filter(isText),
    projects: list(value["projects"]).filter(isProject),
    imagesBefore: Array.isArray(value["imagesBefore"])
      ? value["imagesBefore"].filter(isText)
      : undefined,
  };
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isProject(value: unknown): value is ProjectRecord {
  return isObject(value) && isText(value["name"]) && isText(value["file"]);
}

function isEngine(value: unknown): value is EngineRecord {
  if (!isObject(value)) return false;
  const network = value["network"];
  return (
    isText(value["socket"]) &&
    isObject(network) &&
    typeof network["clean"] === "boolean" &&
    typeof network["forwarding"] === "boolean"
  );
}

function isLink(value: unknown): value is LinkRecord {
  return isObject(value) && isText(value["path"]) && isText(value["target"]);
}
