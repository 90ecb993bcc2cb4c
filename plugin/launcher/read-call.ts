// A request's method and target as one of the calls of the table, or nothing. What comes out was matched to its last
// character; whoever writes the call anew needs nothing of what came in. Pure.
import { type CallName, ENGINE_CALLS, type EngineCall, type Subject } from "./calls.ts";

export interface Call {
  readonly name: CallName;
  readonly subject: Subject;
  readonly method: EngineCall["method"];
  /** Written anew. */
  readonly path: string;
  /** The whole id of the container that it is about; empty where it is about none. */
  readonly containerId: string;
  readonly query: ReadonlyMap<string, string>;
}

const LONGEST_TARGET = 48 * 1_024;
const CONTAINER_ID = "([0-9a-f]{64})";

const PATTERNS = ENGINE_CALLS.map((call) => ({
  call,
  pattern: new RegExp(`^${call.path.replaceAll(".", "\\.").replace("{id}", CONTAINER_ID)}$`),
}));

/** Undefined for everything that the table does not have. */
export function readCall(method: string, target: string): Call | undefined {
  if (target.length > LONGEST_TARGET) return undefined;
  const at = target.indexOf("?");
  const path = at < 0 ? target : target.slice(0, at);
  const query = at < 0 ? new Map<string, string>() : readQuery(target.slice(at + 1));
  if (query === undefined) return undefined;
  for (const { call, pattern } of PATTERNS) {
    const match = pattern.exec(path);
    if (call.method !== method || match === null || !isQueryOf(call, query)) continue;
    const containerId = match[1] ?? "";
    const { name, subject } = call;
    return { name, subject, method: call.method, path, containerId, query };
  }
  return undefined;
}

/** The target to send: path and query, from what was read. */
export function writeTarget({ path, query }: Pick<Call, "path" | "query">): string {
  return query.size === 0 ? path : `${path}?${new URLSearchParams([...query])}`;
}

/** Undefined when a key comes twice or a value is not well-formed. */
function readQuery(text: string): ReadonlyMap<string, string> | undefined {
  const query = new Map<string, string>();
  for (const part of text.split("&")) {
    const pair = /^([a-z]+)=([^=]*)$/.exec(part);
    const [, key = "", value = ""] = pair ?? [];
    const decoded = decode(value);
    if (pair === null || decoded === undefined || query.has(key)) return undefined;
    query.set(key, decoded);
  }
  return query;
}

/** "+" stands for itself or for a blank, depending on who reads: nobody here needs either. */
function decode(value: string): string | undefined {
  try {
    return value.includes("+") ? undefined : decodeURIComponent(value);
  } catch {
    return undefined;
  }
}

function isQueryOf(call: EngineCall, query: ReadonlyMap<string, string>): boolean {
  const allowed = Object.entries(call.query).map(([key, pattern]) => ({
    key: key.replace("?", ""),
    isNeeded: !key.endsWith("?"),
    pattern,
  }));
  const fits = allowed.every(({ key, isNeeded, pattern }) => {
    const value = query.get(key);
    return value === undefined ? !isNeeded : pattern.test(value);
  });
  return fits && [...query.keys()].every((name) => allowed.some(({ key }) => key === name));
}
