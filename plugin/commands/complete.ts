// Answers Docker's shell completion (cobra's protocol): candidates line by line, each with a description behind a tab,
// then a colon and what the shell shall do.
import { fieldNames } from "../../mesh/policy/fields.ts";
import type { Verb } from "./command.ts";
import { policy } from "./policy.ts";
import { VERBS } from "./verbs.ts";

/** Do not fall back to file names. */
const NO_FILES = 4;
/** Put no blank behind the candidate: more belongs to the word. */
const NO_SPACE = 2;
const FILES = 0;

interface Completion {
  readonly candidates: readonly string[];
  readonly directive: number;
}

const HELP = "--help\tShow help";
const FORMAT = "--format\tFormat of the output";
const FILE = "--file\tRead fields from a JSON file";
const CREATE = "--create\tAlso when no service of that name is known";
const ALL = "--all\tAll of them";

/** The flags of each verb. */
const FLAGS: Readonly<Record<string, readonly string[]>> = {
  status: [FORMAT, HELP],
  endpoints: [FORMAT, HELP],
  "policy get": [ALL, FORMAT, HELP],
  "policy set": [CREATE, FILE, HELP, "--replace\tTake away all fields that are not named"],
  "policy unset": [ALL, HELP],
  "policy edit": [CREATE, HELP],
  "policy diff": [FILE, HELP],
  "policy history": [FORMAT, HELP],
  "policy rollback": [HELP],
};

/** Completions of the last of the arguments, which follow `docker mesh`; it may be empty. */
export function complete(args: readonly string[]): string {
  const typed = args.at(-1) ?? "";
  const { candidates, directive } = candidatesAfter(args.slice(0, -1), typed);
  const matching = candidates.filter((candidate) => candidate.startsWith(typed));
  return [...matching, `:${directive}`, ""].join("\n");
}

function candidatesAfter(before: readonly string[], typed: string): Completion {
  if (before.length === 0) return only(listed(VERBS));
  if (before.length === 1 && before[0] === "policy") return only(listed(policy.verbs));
  const verb = before.slice(0, before[0] === "policy" ? 2 : 1).join(" ");
  const flags = FLAGS[verb];
  if (flags === undefined) return only([]);
  const last = before.at(-1) ?? "";
  if (last === "--format" && flags.includes(FORMAT)) return only(["json", "table"]);
  if (["--file", "-f"].includes(last) && flags.includes(FILE)) {
    return { candidates: [], directive: FILES };
  }
  const words = before.filter((word) => !word.startsWith("-"));
  if (words.length < 3 || typed.startsWith("-")) return only(flags);
  if (verb === "policy unset") return only(fieldNames(""));
  if (verb !== "policy set") return only(flags);
  const assignments = fieldNames(routeOrRule(typed)).map((name) => `${name}=`);
  return { candidates: assignments, directive: NO_FILES | NO_SPACE };
}

function only(candidates: readonly string[]): Completion {
  return { candidates, directive: NO_FILES };
}

function listed(verbs: readonly Verb[]): readonly string[] {
  return verbs.flatMap(({ name, summary }) =>
    summary === undefined ? [] : [`${name}\t${summary}`],
  );
}

/** The name given to the route or rule whose field is being typed. */
function routeOrRule(typed: string): string {
  return /^(?:route|rule)\.([^.]+)\./.exec(typed)?.[1] ?? "";
}
