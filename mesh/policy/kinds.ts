// Kinds of values that fields have: how each is read from text, and how people are told what it takes.
import { parseDuration } from "../duration.ts";
import { quote } from "../printable.ts";
import { Refusal, type ValueReader } from "../refusal.ts";

export interface Kind<T> {
  readonly read: ValueReader<T>;
  /** The values it takes, as the reference prints them. */
  readonly values: string;
  /** Completes "expected …". */
  readonly expected: string;
  /** For a kind that names services: the text with each service's name replaced, every other part as it was. */
  readonly renameServices?: (text: string, rename: (service: string) => string) => string;
}

/** `values` is what the reference prints, where that is not the same as `expected`. */
export function kind<T>(read: ValueReader<T>, expected: string, values?: string): Kind<T> {
  return { read, expected, values: values ?? expected };
}

/** The kind, or nothing: the empty text is undefined. */
export function optional<T>(inner: Kind<T>): Kind<T | undefined> {
  const { renameServices } = inner;
  const read = (text: string): T | undefined | Refusal =>
    text === "" ? undefined : inner.read(text);
  const outer = kind(read, inner.expected, inner.values);
  return renameServices === undefined ? outer : { ...outer, renameServices };
}

/** Between the two inclusively, as texts for people; a unit is needed, except with 0. */
export function duration(lowest: string, highest: string): Kind<number> {
  const [least, most] = [parseDuration(lowest), parseDuration(highest)];
  const read = (text: string): number | Refusal => {
    const value = readMilliseconds(text);
    return value !== undefined && value >= least && value <= most ? value : new Refusal();
  };
  const expected = `a duration from ${lowest} to ${highest} with units such as 250ms or 1m30s`;
  return kind(read, expected, `${lowest}–${highest}`);
}

const DURATION = /^(?:\d{1,12}(?:\.\d{1,9})?(?:ms|s|m|h)){1,4}$/;

/** Undefined for what is no duration, and for one so short that it would be taken for none. */
function readMilliseconds(text: string): number | undefined {
  if (text === "0") return 0;
  if (!DURATION.test(text)) return undefined;
  const value = parseDuration(text);
  return value === 0 && /[1-9]/.test(text) ? undefined : value;
}

/** A whole number between the two inclusively. */
export function count(least: number, most: number): Kind<number> {
  const read = (text: string): number | Refusal =>
    /^(?:0|[1-9]\d{0,8})$/.test(text) ? within(Number(text), least, most) : new Refusal();
  return kind(read, `a whole number from ${least} to ${most}`, `${least}–${most}`);
}

/** A number with at most two decimals between the two inclusively. */
export function decimal(least: number, most: number): Kind<number> {
  const read = (text: string): number | Refusal =>
    /^\d{1,6}(?:\.\d{1,2})?$/.test(text) ? within(Number(text), least, most) : new Refusal();
  return kind(read, `a number from ${least} to ${most}`, `${least}–${most}`);
}

export const percent: Kind<number> = {
  ...decimal(0, 100),
  expected: "a number of percent from 0 to 100",
  values: "0–100 %",
};

function within(value: number, least: number, most: number): number | Refusal {
  return value >= least && value <= most ? value : new Refusal();
}

export const boolean: Kind<boolean> = kind(readBoolean, "true or false", "`true` | `false`");

export function readBoolean(text: string): boolean | Refusal {
  const word = /^[a-z]+$/i.test(text) ? text.toLowerCase() : "";
  return word === "true" || word === "false" ? word === "true" : new Refusal();
}

/** One of the words, in exactly this spelling. */
export function readWord<const Word extends string>(...words: readonly Word[]): ValueReader<Word> {
  return (text) => words.find((word) => word === text) ?? new Refusal();
}

export function word<const Word extends string>(...words: readonly Word[]): Kind<Word> {
  return kind(readWord(...words), listWords(words), printWords(words));
}

/** Some of the words, each once. */
export function words<const Word extends string>(...all: readonly Word[]): Kind<readonly Word[]> {
  const one = readWord(...all);
  const expected = `any of ${listWords(all, "and")} separated by commas`;
  return kind(list(one, { most: all.length }), expected, `any of ${printWords(all, ", ")}`);
}

function listWords(all: readonly string[], conjunction = "or"): string {
  return `${all.slice(0, -1).join(", ")} ${conjunction} ${all.at(-1)}`;
}

function printWords(all: readonly string[], between = " | "): string {
  return all.map((name) => `\`${name}\``).join(between);
}

/** The whole text where it matches; the pattern has to be anchored at both ends. */
export function readMatching(pattern: RegExp): ValueReader<string> {
  return (text) => (pattern.test(text) ? text : new Refusal());
}

interface ListRules<T> {
  /** Entries at most. */
  readonly most: number;
  /** What of an entry must not occur twice; the entry as it is read when absent. */
  readonly key?: (entry: T) => unknown;
}

/** Entries separated by commas, none of them twice; the empty text is the empty list. */
export function list<T>(read: ValueReader<T>, rules: ListRules<T>): ValueReader<readonly T[]> {
  const key = rules.key ?? ((entry: T): unknown => entry);
  return (text) => {
    const texts = splitList(text);
    if (texts.length > rules.most) {
      return new Refusal(`expected at most ${rules.most} entries, got ${texts.length}`);
    }
    const entries = new Map<unknown, T>();
    for (const part of texts) {
      const entry = read(part);
      if (entry instanceof Refusal) return aboutEntry(entry, part);
      if (entries.has(key(entry)))
        return new Refusal(`expected each once, got ${quote(part)} twice`);
      entries.set(key(entry), entry);
    }
    return [...entries.values()];
  };
}

/** A refusal of one entry says which; {@link describeRefusal} puts what is expected before it. */
function aboutEntry(refusal: Refusal, part: string): Refusal {
  return refusal.detail === undefined ? new EntryRefusal(part) : refusal;
}

/** The entry itself is not what the kind takes. */
class EntryRefusal extends Refusal {
  readonly entry: string;

  constructor(entry: string) {
    super();
    this.entry = entry;
  }
}

/** A sentence: what was expected and what was found. */
export function describeRefusal(refusal: Refusal, expected: string, text: string): string {
  if (refusal.detail !== undefined) return refusal.detail;
  if (!(refusal instanceof EntryRefusal)) return `expected ${expected}, got ${quote(text)}`;
  const among = refusal.entry === text ? "" : " among them";
  return `expected ${expected}, got ${quote(refusal.entry)}${among}`;
}

/** The entries of a list without the blanks around them; `\,` is a comma within an entry. */
export function splitList(text: string): readonly string[] {
  if (text === "") return [];
  const parts = text.replaceAll("\\,", "\0").split(",");
  return parts.map((part) => part.replaceAll("\0", ",").replaceAll(/^[ \t]+|[ \t]+$/g, ""));
}

/** The text that {@link splitList} takes apart into these entries. */
export function joinList(entries: readonly string[]): string {
  return entries.map((entry) => entry.replaceAll(",", "\\,")).join(",");
}
