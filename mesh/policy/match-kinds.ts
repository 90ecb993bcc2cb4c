// Lists of conditions on header fields, query parameters and claims: `name`, `!name`, `name=value`, `name!=value`,
// `name^=prefix`, `name$=suffix`, `name=~regex`, separated by commas, with `\,` for a comma.
import { quote } from "../printable.ts";
import { Refusal } from "../refusal.ts";
import { ASCII, readFieldName } from "./http-kinds.ts";
import { type Kind, kind, list } from "./kinds.ts";
import { compileMatcher, MAX_PATTERN, PATTERN_RULES } from "./matcher.ts";
import type { FieldMatch } from "./policy.ts";

const CONDITIONS_MOST = 16;

/** What stands between name and value, the longest first. */
const OPERATORS = [
  ["!=", "not"],
  ["^=", "prefix"],
  ["$=", "suffix"],
  ["=~", "regex"],
  ["=", "exact"],
] as const;

const ENTRY = /^([^=!^$~\s]+)(?:(!=|\^=|\$=|=~|=)(.*))?$/s;

const ANY = /^/;

/** Undefined for what cannot be a name there. */
type ReadName = (text: string) => string | undefined;

function conditions(readName: ReadName, allowed: RegExp = ANY): Kind<readonly FieldMatch[]> {
  const read = (entry: string): FieldMatch | Refusal =>
    allowed.test(entry)
      ? readCondition(entry, readName)
      : new Refusal(`expected printable ASCII, got ${quote(entry)}`);
  const key = ({ name, kind: how, text, matcher }: FieldMatch): string =>
    `${how} ${name} ${matcher?.source ?? text}`;
  return kind(
    list(read, { most: CONDITIONS_MOST, key }),
    "conditions such as name, !name, name=value, name!=value, name^=prefix, name$=suffix or name=~regex separated by commas",
    "conditions, comma-separated",
  );
}

function readCondition(entry: string, readName: ReadName): FieldMatch | Refusal {
  const absent = entry.startsWith("!");
  const [, written = "", operator, value = ""] = ENTRY.exec(absent ? entry.slice(1) : entry) ?? [];
  const name = readName(written);
  if (name === undefined || (absent && operator !== undefined)) return new Refusal();
  if (operator === undefined) {
    return { name, kind: absent ? "absent" : "present", text: "", matcher: undefined };
  }
  const how = OPERATORS.find(([sign]) => sign === operator)?.[1] ?? "exact";
  if (how === "regex") return readRegex(name, value);
  // A prefix or a suffix of nothing is one of everything: that is said by the name alone.
  if (value === "" && (how === "prefix" || how === "suffix")) return new Refusal();
  return { name, kind: how, text: value, matcher: undefined };
}

function readRegex(name: string, pattern: string): FieldMatch | Refusal {
  const matcher = pattern === "" ? undefined : compileMatcher(pattern);
  if (matcher !== undefined) return { name, kind: "regex", text: "", matcher };
  return new Refusal(
    `expected a regular expression of at most ${MAX_PATTERN} characters, ${PATTERN_RULES}, got ${quote(pattern)}`,
  );
}

/** The entry of a list that reads as the condition. */
export function writeCondition({ name, kind: how, text, matcher }: FieldMatch): string {
  if (how === "present") return name;
  if (how === "absent") return `!${name}`;
  const operator = OPERATORS.find(([, meaning]) => meaning === how)?.[0] ?? "=";
  return `${name}${operator}${how === "regex" ? (matcher?.source ?? "") : text}`;
}

/** Names in lower case. Other letters than ASCII come in several encodings, so that no condition would be sure of them. */
export const headerConditions: Kind<readonly FieldMatch[]> = conditions(readFieldName, ASCII);

/** Names of query parameters and of claims, whose letter case counts. */
export const nameConditions: Kind<readonly FieldMatch[]> = conditions((text) =>
  text.length > 0 && text.length <= 128 ? text : undefined,
);
