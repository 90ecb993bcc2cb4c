// A compose file as far as `docker mesh inject` has to know it: its services as values, and where in the text they stand.
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  parseAllDocuments,
  type YAMLMap,
  type YAMLSeq,
} from "yaml";
import { describeError, MeshError } from "../../mesh/errors.ts";

/** What YAML gives for a mapping. */
export type Values = Readonly<Record<string, unknown>>;

export interface ComposeFile {
  readonly values: Values;
  readonly services: ReadonlyMap<string, Values>;
  readonly root: YAMLMap;
}

export type Collection = YAMLMap | YAMLSeq;

/** Throws CONFIGURATION_INVALID for a text that is no compose file. */
export function readComposeFile(text: string): ComposeFile {
  const documents = parseAllDocuments(text, { merge: true });
  const [document, ...others] = "empty" in documents ? [] : documents;
  const [error] = document?.errors ?? [];
  if (error !== undefined) throw invalid(`YAML, found: ${error.message.split("\n")[0]}`);
  if (others.length > 0) throw invalid("one document, found several: inject each on its own");
  const root = document?.contents;
  const values = document === undefined ? undefined : toValues(() => document.toJS());
  const services = asValues(values?.["services"]);
  if (!isMap(root) || values === undefined || services === undefined)
    throw invalid("a compose file with services, found none");
  const entries = Object.entries(services).map(([name, service]): [string, Values] => [
    name,
    asValues(service) ?? {},
  ]);
  return { values, services: new Map(entries), root };
}

function toValues(read: () => unknown): Values | undefined {
  try {
    return asValues(read());
  } catch (error) {
    throw invalid(`YAML whose aliases can be followed, found: ${describeError(error)}`);
  }
}

/** A mapping, or undefined for anything else. */
export function asValues(value: unknown): Values | undefined {
  const isMapping = typeof value === "object" && value !== null && !Array.isArray(value);
  return isMapping ? (value as Values) : undefined;
}

/** The collection that a mapping itself has under a key: nothing that comes by an alias or a merge. */
export function collectionAt(map: YAMLMap, key: string): Collection | undefined {
  const value = pairAt(map, key)?.value;
  return isMap(value) || isSeq(value) ? value : undefined;
}

export function pairAt(map: YAMLMap, key: string): YAMLMap["items"][number] | undefined {
  return map.items.find((pair) => isScalar(pair.key) && pair.key.value === key);
}

export interface Place {
  /** Behind the last entry. */
  readonly end: number;
  /** What stands before each entry on its line; undefined for one in flow style, `{…}` or `[…]`. */
  readonly indent: string | undefined;
}

/** Where another entry of a collection could stand; undefined where it has none yet, or the first has no line of its own. */
export function placeIn(collection: Collection, text: string): Place | undefined {
  const first = startOf(collection.items[0]);
  const end = endOf(collection.items.at(-1));
  if (first === undefined || end === undefined) return undefined;
  if (collection.flow === true) return { end, indent: undefined };
  const line = text.slice(text.lastIndexOf("\n", first - 1) + 1, first);
  const indent = line.replace(/[-?] *$/, "");
  return /^ *$/.test(indent) ? { end, indent } : undefined;
}

type Item = Collection["items"][number];

function startOf(item: Item | undefined): number | undefined {
  return rangeOf(isPair(item) ? item.key : item)?.[0];
}

function endOf(item: Item | undefined): number | undefined {
  if (!isPair(item)) return rangeOf(item)?.[1];
  return Math.max(rangeOf(item.value)?.[1] ?? 0, rangeOf(item.key)?.[1] ?? 0) || undefined;
}

function isPair(item: Item | undefined): item is YAMLMap["items"][number] {
  return typeof item === "object" && item !== null && "key" in item;
}

function rangeOf(node: unknown): readonly [number, number, number] | undefined {
  if (isScalar(node) || isMap(node) || isSeq(node) || isAlias(node)) return node.range ?? undefined;
  return undefined;
}

function invalid(expected: string): MeshError {
  return new MeshError("CONFIGURATION_INVALID", `expected ${expected}`);
}
