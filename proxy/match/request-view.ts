// A request as matches see it: method, path, query and fields as text, made only when a match asks. One view serves one
// request after the other; what it says is true as long as the head is.
import { LOWER } from "../http1/characters.ts";
import { FIELD, type MessageHead } from "../http1/message-head.ts";
import { normalisePath } from "./normalise-path.ts";

const NOTHING: readonly string[] = [];
const DASH = 0x2d;
const UNDERSCORE = 0x5f;

/** Values of a query parameter or field. */
export interface FoundValues {
  /** Each occurrence apart, in order. */
  readonly values: readonly string[];
  /** False when there may be others that cannot be read. */
  readonly certain: boolean;
}

const NONE_FOUND: FoundValues = { values: NOTHING, certain: true };

export class RequestView {
  #head: MessageHead | undefined;
  #method: string | undefined;
  #target: string | undefined;
  #normalised = false;
  #path: string | undefined;
  #query: Query | undefined;

  /** Turns to another request; returns itself. */
  of(head: MessageHead): this {
    this.#head = head;
    this.#method = undefined;
    this.#target = undefined;
    this.#normalised = false;
    this.#path = undefined;
    this.#query = undefined;
    return this;
  }

  get method(): string {
    this.#method ??= this.#head?.methodText() ?? "";
    return this.#method;
  }

  /** The path in normal form; undefined when it cannot be judged. */
  get path(): string | undefined {
    if (!this.#normalised) this.#path = normalisePath(this.rawPath);
    this.#normalised = true;
    return this.#path;
  }

  /** The path as it was sent. Where it differs from {@link path}, whoever decided by that must send that on. */
  get rawPath(): string {
    return splitTarget(this.#wholeTarget()).path;
  }

  /** Values of the parameters of that name, decoded. */
  parameter(name: string): FoundValues {
    this.#query ??= readQuery(this.#wholeTarget());
    const found = this.#query.parameters.get(name) ?? NONE_FOUND;
    return this.#query.certain ? found : { values: found.values, certain: false };
  }

  /**
   * Values of the fields of that name (lower case) as the destination gets them: without those that `Connection` takes out,
   * `host` from the target where it names one. `lookalikes`: those of names with `_` for `-` too, which many applications
   * take for the same.
   */
  field(name: string, lookalikes: boolean): readonly string[] {
    const head = this.#head;
    if (head === undefined) return NOTHING;
    if (name === "host") return present(head.authorityText());
    let values: string[] | undefined;
    for (let index = 0; index < head.count; index += 1) {
      if (!isNamed(head, index, name, lookalikes)) continue;
      values ??= [];
      values.push(head.bytes.toString("latin1", head.valueStart[index], head.valueEnd[index]));
    }
    return values ?? NOTHING;
  }

  #wholeTarget(): string {
    this.#target ??= this.#head?.targetText() ?? "";
    return this.#target;
  }
}

/** `query` is with its question mark, or empty. */
export function splitTarget(target: string): { readonly path: string; readonly query: string } {
  const mark = target.indexOf("?");
  if (mark < 0) return { path: target, query: "" };
  return { path: target.slice(0, mark), query: target.slice(mark) };
}

function present(text: string): readonly string[] {
  return text === "" ? NOTHING : [text];
}

function isNamed(head: MessageHead, index: number, name: string, lookalikes: boolean): boolean {
  const start = head.nameStart[index] as number;
  const end = head.nameEnd[index] as number;
  if (end - start !== name.length) return false;
  for (let at = 0; at < name.length; at += 1) {
    const byte = LOWER[head.bytes[start + at] as number] as number;
    const wanted = name.charCodeAt(at);
    if (byte === wanted) continue;
    if (!lookalikes || fold(byte) !== fold(wanted)) return false;
  }
  return arrives(head, index, start, end);
}

/**
 * What callers say in fields that the mesh alone writes, or in lookalikes of names that the engine knows, never gets to the
 * destination, nor what `Connection` names.
 */
function arrives(
  { bytes, names, nominated }: MessageHead,
  index: number,
  start: number,
  end: number,
): boolean {
  switch (names[index]) {
    case FIELD.LOOKALIKE:
    case FIELD.X_FORWARDED_CLIENT_CERT:
    case FIELD.X_MESH:
    case FIELD.DISBELIEVED:
      return false;
  }
  if (nominated === undefined) return true;
  return !nominated.has(bytes.toString("latin1", start, end).toLowerCase());
}

function fold(byte: number): number {
  return byte === UNDERSCORE ? DASH : byte;
}

interface Query {
  readonly parameters: ReadonlyMap<string, FoundValues>;
  /** False when the name of one cannot be read. */
  readonly certain: boolean;
}

function readQuery(target: string): Query {
  const parameters = new Map<string, { values: string[]; certain: boolean }>();
  const query = { parameters, certain: true };
  for (const piece of splitTarget(target).query.slice(1).split("&")) {
    const equals = piece.indexOf("=");
    const name = decode(equals < 0 ? piece : piece.slice(0, equals));
    const value = equals < 0 ? "" : decode(piece.slice(equals + 1));
    if (name === undefined) query.certain = false;
    else if (piece !== "") addValue(parameters, name, value);
  }
  return query;
}

function addValue(
  parameters: Map<string, { values: string[]; certain: boolean }>,
  name: string,
  value: string | undefined,
): void {
  const entry = parameters.get(name) ?? { values: [], certain: true };
  if (value === undefined) entry.certain = false;
  else entry.values.push(value);
  parameters.set(name, entry);
}

/** As forms encode it; undefined for what is encoded wrongly. */
function decode(text: string): string | undefined {
  if (!/[%+]/.test(text)) return text;
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return undefined;
  }
}
