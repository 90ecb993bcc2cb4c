// Flags in the notation of Docker's own commands (pflag): --name value, --name=value, -n value, -nvalue, -n=value and
// switches grouped behind one hyphen. The messages are Docker's, too.

import { nearestName } from "../../mesh/nearest.ts";

export interface Flag {
  readonly name: string;
  /** One letter. */
  readonly short?: string;
  /** A `switch` needs no value; `--name=false` turns it off. `texts` may be repeated. */
  readonly kind: "text" | "texts" | "switch";
}

export interface ParsedFlags {
  /** The last value given of each flag; of `texts` all of them, a line each. */
  readonly values: ReadonlyMap<string, string>;
  /** From the first argument on that is not a flag. */
  readonly rest: readonly string[];
}

/** What a user typed cannot be understood; the message is in Docker's words. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "UsageError";
  }
}

/** Reads flags up to the first other argument, or past `--`. Throws UsageError for flags that are not in the table. */
export function parseFlags(args: readonly string[], flags: readonly Flag[]): ParsedFlags {
  const values = new Map<string, string>();
  let rest = args;
  for (let first = rest[0]; first?.startsWith("-") && first !== "-"; first = rest[0]) {
    rest = rest.slice(1);
    if (first === "--") break;
    const read = first.startsWith("--") ? readLong : readShort;
    rest = read(first, rest, flags, values);
  }
  return { values, rest };
}

/** Reads flags wherever they stand, as Docker's commands that take several arguments do; past `--` there are none. */
export function parseAllFlags(args: readonly string[], flags: readonly Flag[]): ParsedFlags {
  const end = args.indexOf("--");
  const values = new Map<string, string>();
  const positional: string[] = [];
  let left = end === -1 ? args : args.slice(0, end);
  while (left.length > 0) {
    const parsed = parseFlags(left, flags);
    for (const [name, value] of parsed.values) {
      const repeated = flags.some((flag) => flag.name === name && flag.kind === "texts");
      values.set(name, repeated ? withLine(values.get(name), value) : value);
    }
    positional.push(...parsed.rest.slice(0, 1));
    left = parsed.rest.slice(1);
  }
  return { values, rest: end === -1 ? positional : [...positional, ...args.slice(end + 1)] };
}

/** `--format`, which every verb takes that shows something; listing.ts says what it may be. */
export const FORMAT_FLAG: Flag = { name: "format", kind: "text" };

type FlagReader = (
  argument: string,
  following: readonly string[],
  flags: readonly Flag[],
  values: Map<string, string>,
) => readonly string[];

const readLong: FlagReader = (argument, following, flags, values) => {
  const [name = "", ...parts] = argument.slice(2).split("=");
  const flag = flags.find((candidate) => candidate.name === name);
  if (flag === undefined)
    throw new UsageError(`unknown flag: --${name}${nearestFlag(name, flags)}`);
  const attached = parts.length === 0 ? undefined : parts.join("=");
  return store(flag, `--${name}`, attached, following, values);
};

const readShort: FlagReader = (argument, following, flags, values) => {
  const [letter = "", ...others] = argument.slice(1);
  const flag = flags.find(({ short }) => short === letter);
  if (flag === undefined) {
    throw new UsageError(`unknown shorthand flag: '${letter}' in ${argument}`);
  }
  const attached = others.join("");
  if (flag.kind === "switch" && attached !== "" && !attached.startsWith("=")) {
    values.set(flag.name, "true");
    return readShort(`-${attached}`, following, flags, values);
  }
  const value = attached === "" ? undefined : attached.replace(/^=/, "");
  return store(flag, `'${letter}' in ${argument}`, value, following, values);
};

function nearestFlag(name: string, flags: readonly Flag[]): string {
  const nearest = nearestName(name, [...flags.map((flag) => flag.name), "help"]);
  return nearest === undefined ? "" : ` (did you mean --${nearest}?)`;
}

function store(
  flag: Flag,
  shown: string,
  attached: string | undefined,
  following: readonly string[],
  values: Map<string, string>,
): readonly string[] {
  if (flag.kind === "switch") {
    values.set(flag.name, readSwitch(attached ?? "true", shown));
    return following;
  }
  const [next, ...rest] = following;
  const value = attached ?? next;
  if (value === undefined) throw new UsageError(`flag needs an argument: ${shown}`);
  values.set(flag.name, flag.kind === "texts" ? withLine(values.get(flag.name), value) : value);
  return attached === undefined ? rest : following;
}

function withLine(before: string | undefined, line: string): string {
  return before === undefined ? line : `${before}\n${line}`;
}

/** The spellings of Go's strconv.ParseBool, which Docker's switches take. */
function readSwitch(text: string, shown: string): string {
  if (/^(1|t|T|true|TRUE|True)$/.test(text)) return "true";
  if (/^(0|f|F|false|FALSE|False)$/.test(text)) return "false";
  throw new UsageError(
    `invalid argument ${JSON.stringify(text)} for ${shown}: expected true or false`,
  );
}
