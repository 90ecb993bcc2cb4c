// Answers Docker's shell completion (cobra's protocol): candidates line by line, each with a description behind a tab,
// then a colon and what the shell shall do. Flags and arguments are those that the verbs' help texts tell of.
import { fieldNames } from "../../mesh/policy/fields.ts";
import { askAgent, chooseEngine } from "./ask-agent.ts";
import type { Command, CommandContext, CommandGroup, Verb } from "./command.ts";
import { argumentsOf, type HelpOption, optionsOf } from "./help-options.ts";
import { readStatus } from "./read-status.ts";
import { VERBS } from "./verbs.ts";

/** Do not fall back to file names. */
const NO_FILES = 4;
/** Put no blank behind the candidate: more belongs to the word. */
const NO_SPACE = 2;
const FILES = 0;
/** Longest wait for the names of services, ms: somebody has pressed a key. */
const LIMIT = 1_500;

interface Completion {
  readonly candidates: readonly string[];
  readonly directive: number;
}

/** Arguments in which a service's name belongs. */
const SERVICES: readonly string[] = ["SERVICE", "FROM", "TO"];
const HELP: HelpOption = { name: "help", short: "h", type: undefined, meaning: "Show help" };
/** What the flags of these names take. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  format: ["json", "table"],
  catalog: ["consul", "embedded"],
};

/** Completions of the last of the arguments, which follow `docker mesh`; it may be empty. */
export async function complete(args: readonly string[], context: CommandContext): Promise<string> {
  const typed = args.at(-1) ?? "";
  const { candidates, directive } = await candidatesAfter(args.slice(0, -1), typed, context);
  const matching = candidates.filter((candidate) => candidate.startsWith(typed));
  return [...matching, `:${directive}`, ""].join("\n");
}

async function candidatesAfter(
  before: readonly string[],
  typed: string,
  context: CommandContext,
): Promise<Completion> {
  const { found, words, verbs } = await follow(before);
  if (found === undefined) return only(words.length === 0 ? listed(verbs) : []);
  const options = [...optionsOf(found.help), HELP];
  const pending = takesValue(words.at(-1) ?? "", options);
  if (pending !== undefined) return valuesOf(pending);
  if (typed.startsWith("-")) return only(options.map(flagOf).sort());
  const position = countArguments(words, options);
  const expected = argumentsOf(found.help);
  const word = expected[Math.min(position, expected.length - 1)] ?? "";
  if (word.startsWith("FIELD")) return fieldsFor(word, typed);
  const isService = SERVICES.includes(word) && position < expected.length;
  return only(isService ? await serviceNames(context) : []);
}

/** What the words behind `docker mesh` lead to. */
interface Followed {
  /** The verb, where they name one. */
  readonly found: Command | undefined;
  /** What stands behind its name. */
  readonly words: readonly string[];
  /** Among which another word would choose. */
  readonly verbs: readonly Verb[];
}

async function follow(before: readonly string[], verbs = VERBS): Promise<Followed> {
  const [name, ...words] = before;
  const verb = verbs.find((candidate) => candidate.name === name);
  if (verb?.summary === undefined) return { found: undefined, words: before, verbs };
  const command: Command | CommandGroup = await verb.load();
  return "verbs" in command ? await follow(words, command.verbs) : { found: command, words, verbs };
}

/** The option that a word is, when its value follows. */
function takesValue(word: string, options: readonly HelpOption[]): HelpOption | undefined {
  return options.find(
    ({ name, short, type }) => type !== undefined && [`--${name}`, `-${short}`].includes(word),
  );
}

function valuesOf({ name }: HelpOption): Completion {
  if (name === "file" || name === "output") return { candidates: [], directive: FILES };
  return only(VALUES[name] ?? []);
}

function countArguments(words: readonly string[], options: readonly HelpOption[]): number {
  return words.filter((word, index) => {
    const isValue = takesValue(words[index - 1] ?? "", options) !== undefined;
    return !isValue && !word.startsWith("-");
  }).length;
}

/** `FIELD`, or `FIELD=VALUE`, behind which the value goes on. */
function fieldsFor(word: string, typed: string): Completion {
  if (!word.includes("=")) return only(fieldNames(routeOrRule(typed)));
  const assignments = fieldNames(routeOrRule(typed)).map((name) => `${name}=`);
  return { candidates: assignments, directive: NO_FILES | NO_SPACE };
}

/** None when the agent does not answer at once. */
async function serviceNames(context: CommandContext): Promise<readonly string[]> {
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(LIMIT)]);
  try {
    const engine = await chooseEngine(context);
    const status = readStatus(await askAgent(engine, "/v1/status", signal));
    return status.services.map(({ service }) => service);
  } catch {
    return [];
  }
}

function flagOf({ name, meaning }: HelpOption): string {
  return `--${name}\t${meaning}`;
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
