// Lists of conditions on header fields, query parameters and claims: `name`, `!name`, `name=value`, `name!=value`,
// `name^=prefix`, `name$=suffix`, `name=~regex`, separated by commas, with `\,` for a comma.
import { quote } from "../printable.ts";
import { Refusal } from "../refusal.ts";
import { readFieldName } from "./http-kinds.ts";
import { type Kind, kind, list } from "./kinds.ts";
import { compileMatcher } from "./matcher.ts";
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

/** Undefined for what cannot be a name there. */
type ReadName = (text: string) => string | undefined;

function conditions(readName: ReadName): Kind<readonly FieldMatch[]> {
  const read = (entry: string): FieldMatch | Refusal => readCondition(entry, readName);
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
    `expected a regular expression without back references, look-around and large repetitions, got ${quote(pattern)}`,
  );
}

/** Names in lower case. */
export const headerConditions: Kind<readonly FieldMatch[]> = conditions(readFieldName);

/** Names of query parameters and of claims, whose letter case counts. */
export const nameConditions: Kind<readonly FieldMatch[]> = conditions((text) =>
  text.length > 0 && text.length <= 128 ? text : undefined,
);
