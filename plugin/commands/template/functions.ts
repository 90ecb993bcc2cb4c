// What templates can call: Docker's own functions, and those of Go's that its users use. Arguments are checked.
import { isList, isRecord, isTrue, kindOf, TemplateError, textOf, type Value } from "./value.ts";

interface TemplateFunction {
  readonly least: number;
  readonly most: number;
  /** Whether a column's header goes through it as it is; the others are asked. */
  readonly keepsHeader: boolean;
  readonly run: (...args: Value[]) => Value;
}

const MANY = 100;

/** A function of one text and other arguments. */
function ofText(
  count: number,
  run: (text: string, ...others: Value[]) => Value,
  keepsHeader = true,
): TemplateFunction {
  const called = (text: Value = "", ...others: Value[]): Value => run(textOf(text), ...others);
  return { least: count, most: count, keepsHeader, run: called };
}

function ofMany(least: number, run: (args: readonly Value[]) => Value): TemplateFunction {
  return { least, most: MANY, keepsHeader: false, run: (...args) => run(args) };
}

const FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  json: { least: 1, most: 1, keepsHeader: true, run: (value = null) => JSON.stringify(value) },
  upper: ofText(1, (text) => text.toUpperCase()),
  lower: ofText(1, (text) => text.toLowerCase()),
  title: ofText(1, (text) => text.replaceAll(/(?<!\S)\S/gu, (first) => first.toUpperCase())),
  split: ofText(2, (text, separator = "") => text.split(asText("split", separator))),
  join: { least: 2, most: 2, keepsHeader: true, run: join },
  truncate: ofText(2, (text, length = 0) =>
    [...text].slice(0, asNumber("truncate", length)).join(""),
  ),
  pad: ofText(3, pad, false),
  print: ofMany(0, (args) => args.map(textOf).join("")),
  println: ofMany(0, (args) => `${args.map(textOf).join(" ")}\n`),
  printf: ofMany(1, ([format = "", ...args]) => printf(textOf(format), args)),
  len: { least: 1, most: 1, keepsHeader: true, run: count },
  index: { least: 2, most: MANY, keepsHeader: true, run: index },
  eq: ofMany(2, ([value = null, ...others]) => others.some((other) => isSame(value, other))),
  ne: { least: 2, most: 2, keepsHeader: false, run: (a = null, b = null) => !isSame(a, b) },
  lt: comparison("lt", (order) => order < 0),
  le: comparison("le", (order) => order <= 0),
  gt: comparison("gt", (order) => order > 0),
  ge: comparison("ge", (order) => order >= 0),
  and: ofMany(1, (args) => args.find((value) => !isTrue(value)) ?? args.at(-1) ?? null),
  or: ofMany(1, (args) => args.find(isTrue) ?? args.at(-1) ?? null),
  not: { least: 1, most: 1, keepsHeader: false, run: (value = null) => !isTrue(value) },
};

export const FUNCTION_NAMES: readonly string[] = Object.keys(FUNCTIONS);

/** Throws TemplateError for wrong arguments. */
export function callFunction(name: string, args: readonly Value[]): Value {
  return find(name, args).run(...args);
}

/** The same on headers of columns, which most functions leave as they are. */
export function callOnHeader(name: string, args: readonly Value[]): Value {
  const { keepsHeader, run } = find(name, args);
  return keepsHeader ? (args[0] ?? "") : run(...args);
}

function find(name: string, { length }: readonly Value[]): TemplateFunction {
  const found = FUNCTIONS[name];
  if (found === undefined) throw new TemplateError(`unknown function ${JSON.stringify(name)}`);
  const { least, most } = found;
  if (length >= least && length <= most) return found;
  const expected = most === MANY ? `at least ${least}` : String(least);
  throw new TemplateError(`${name}: expected ${expected} arguments, found ${length}`);
}

function join(list: Value = null, separator: Value = ""): Value {
  if (!isList(list)) throw mistaken("join", "a list", list);
  return list.map(textOf).join(asText("join", separator));
}

/** Blanks around a text that is not empty. */
function pad(text: string, before: Value = 0, after: Value = 0): Value {
  if (text === "") return "";
  return `${" ".repeat(asNumber("pad", before))}${text}${" ".repeat(asNumber("pad", after))}`;
}

function count(value: Value = null): Value {
  if (isList(value)) return value.length;
  if (isRecord(value)) return Object.keys(value).length;
  if (typeof value === "string") return [...value].length;
  throw mistaken("len", "a list, a record or a text", value);
}

function index(value: Value = null, ...keys: Value[]): Value {
  return keys.reduce((found, key) => {
    if (isRecord(found)) return found[asText("index", key)] ?? null;
    if (!isList(found)) throw mistaken("index", "a list or a record", found);
    const entry = found[asNumber("index", key)];
    if (entry !== undefined) return entry;
    throw new TemplateError(`index: expected a number below ${found.length}, found ${textOf(key)}`);
  }, value);
}

function isSame(a: Value, b: Value): boolean {
  if (isList(a) || isRecord(a)) throw mistaken("eq", "a text, a number or a boolean", a);
  return a === b;
}

function comparison(name: string, holds: (order: number) => boolean): TemplateFunction {
  const run = (a: Value = null, b: Value = null): Value => {
    const isComparable = typeof a === typeof b && ["string", "number"].includes(typeof a);
    if (!isComparable || a === null || b === null)
      throw new TemplateError(
        `${name}: expected two numbers or two texts, found ${kindOf(a)} and ${kindOf(b)}`,
      );
    return holds(a < b ? -1 : Number(a > b));
  };
  return { least: 2, most: 2, keepsHeader: false, run };
}

const VERB = /%(-?)(\d{0,3})(?:\.(\d{1,2}))?([a-zA-Z%])/g;

/** Go's verbs s, v, q, d, t and f, with a width. */
function printf(format: string, args: readonly Value[]): Value {
  let next = 0;
  return format.replaceAll(
    VERB,
    (whole, left: string, width: string, digits: string, verb: string) => {
      if (verb === "%") return "%";
      const value = args[next];
      next += 1;
      if (value === undefined)
        throw new TemplateError(`printf: expected an argument for ${whole}, found none`);
      const text = formatted(verb, value, digits);
      return left === "" ? text.padStart(Number(width)) : text.padEnd(Number(width));
    },
  );
}

function formatted(verb: string, value: Value, digits = "6"): string {
  if (verb === "q") return JSON.stringify(textOf(value));
  if (verb === "d") return String(Math.trunc(asNumber("printf %d", value)));
  if (verb === "f") return asNumber("printf %f", value).toFixed(Number(digits));
  if (["s", "v", "t"].includes(verb)) return textOf(value);
  throw new TemplateError(`printf: expected %s, %v, %q, %d, %f, %t or %%, found %${verb}`);
}

function asText(name: string, value: Value): string {
  if (typeof value === "string") return value;
  throw mistaken(name, "a text", value);
}

/** Not negative where a length or a place is meant: nothing would come of it. */
function asNumber(name: string, value: Value): number {
  if (typeof value === "number") return name.startsWith("printf") ? value : Math.max(0, value);
  throw mistaken(name, "a number", value);
}

function mistaken(name: string, expected: string, found: Value): TemplateError {
  return new TemplateError(`${name}: expected ${expected}, found ${kindOf(found)}`);
}
