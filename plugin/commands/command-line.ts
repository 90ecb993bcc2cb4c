// From arguments to a verb, and from whatever a verb throws to a message and an exit code.
// Exit codes: 0 done; 1 anything else, wrong usage included; 130 and 143 for what a signal ended.
import { describeError } from "../../mesh/errors.ts";
import { nearestName } from "../../mesh/nearest.ts";
import { escapeControls } from "../../mesh/printable.ts";
import type { Environment } from "../docker/engine-address.ts";
import type { CommandContext, Verb } from "./command.ts";
import { type Flag, type ParsedFlags, parseFlags, UsageError } from "./flags.ts";
import { GLOBAL_FLAGS, readEngineFlags } from "./global-flags.ts";
import { renderHelp } from "./help.ts";
import { Interruption } from "./interruption.ts";
import { Refused } from "./refused.ts";
import { VERBS } from "./verbs.ts";

export interface Terminal {
  readonly print: (text: string) => void;
  readonly printError: (text: string) => void;
  readonly readInput: () => Promise<string>;
  readonly environment: Environment;
  /** Whether standard output is one; by default it is not. */
  readonly isTerminal?: boolean;
}

const HELP: readonly Flag[] = [{ name: "help", short: "h", kind: "switch" }];

/**
 * Runs what the arguments behind `docker-mesh` say, and gives the exit code. The plugin's own name may be missing, since
 * inside the image the command is called without Docker.
 */
export async function runCommandLine(
  args: readonly string[],
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  let globals: ParsedFlags = { values: new Map(), rest: [] };
  try {
    globals = parseFlags(args, [...GLOBAL_FLAGS, ...HELP]);
    const { print, readInput, environment, isTerminal = false } = terminal;
    const output = { print, readInput, isTerminal };
    const context = { engine: readEngineFlags(globals), environment, signal, ...output };
    if (globals.values.get("help") === "true") print(renderHelp());
    else await dispatch(withoutName(globals.rest), context);
    return 0;
  } catch (error) {
    if (error instanceof Interruption) return error.exitCode;
    const debug = globals.values.get("debug") === "true";
    terminal.printError(`${describeFailure(error, debug)}\n`);
    return 1;
  }
}

async function dispatch(args: readonly string[], context: CommandContext): Promise<void> {
  const [name, ...rest] = parseFlags(args, HELP).rest;
  if (name === undefined) {
    context.print(renderHelp());
  } else if (name === "help") {
    const topics = withoutName(rest);
    await dispatch(topics.length === 0 ? [] : [...topics, "--help"], context);
  } else if (name === "__complete" || name === "__completeNoDesc") {
    const { complete } = await import("./complete.ts");
    const answer = await complete(withoutName(rest), context);
    context.print(name === "__complete" ? answer : answer.replaceAll(/\t.*/g, ""));
  } else {
    await runVerb(VERBS, [name], rest, context);
  }
}

/** `names` are those of the verb, such as `policy get`; the last is looked for among the verbs. */
async function runVerb(
  verbs: readonly Verb[],
  names: readonly string[],
  args: readonly string[],
  context: CommandContext,
): Promise<void> {
  const name = names.join(" ");
  const verb = verbs.find((candidate) => candidate.name === names.at(-1));
  if (verb === undefined) throw unknownVerb(verbs, names);
  const command = await verb.load();
  if ("verbs" in command) {
    const [next, ...rest] = parseFlags(args, HELP).rest;
    if (next === undefined) return context.print(command.help);
    return await runVerb(command.verbs, [...names, next], rest, context);
  }
  const options = args.includes("--") ? args.slice(0, args.indexOf("--")) : args;
  if (options.includes("--help") || options.includes("-h")) return context.print(command.help);
  try {
    await command.run(args, context);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const [usage] = command.help.split("\n");
    throw new UsageError(
      `${error.message}\n\n${usage}\n\nRun 'docker mesh ${name} --help' for more information`,
    );
  }
}

function unknownVerb(verbs: readonly Verb[], names: readonly string[]): UsageError {
  const group = ["docker mesh", ...names.slice(0, -1)].join(" ");
  const listed = verbs.filter(({ summary }) => summary !== undefined).map(({ name }) => name);
  const nearest = nearestName(names.at(-1) ?? "", listed);
  const hint = nearest === undefined ? "" : ` (did you mean ${nearest}?)`;
  return new UsageError(
    `docker: unknown command: docker mesh ${names.join(" ")}${hint}\n\nRun '${group} --help' for more information`,
  );
}

function withoutName(args: readonly string[]): readonly string[] {
  return args[0] === "mesh" ? args.slice(1) : args;
}

/** One sentence; with --debug the stack, too. */
function describeFailure(error: unknown, debug: boolean): string {
  if (error instanceof UsageError) return error.message;
  if (error instanceof Refused) return error.lines.map(escapeControls).join("\n");
  const sentence = escapeControls(describeError(error));
  return debug && error instanceof Error ? `${sentence}\n${error.stack}` : sentence;
}
