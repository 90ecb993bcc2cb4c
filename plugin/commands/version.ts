// `docker mesh version`: that of this command, and that of the agent, where one can be reached.
import { describeError } from "../../mesh/errors.ts";
import { escapeControls } from "../../mesh/printable.ts";
import { AGENT_VERSION } from "../version.ts";
import { askAgent, chooseEngine } from "./ask-agent.ts";
import type { Command, CommandContext } from "./command.ts";
import { FORMAT_FLAG, parseAllFlags, UsageError } from "./flags.ts";
import { describeFields, FORMAT_HELP, type Listing, readOutput } from "./listing.ts";
import { readStatus } from "./read-status.ts";

/** Longest wait for the agent, ms: nobody asks for a version to wait. */
const LIMIT = 5_000;

export interface Versions {
  readonly agent:
    | { readonly version: string; readonly node: string; readonly engineVersion: string }
    | undefined;
  /** Why there is none. */
  readonly problem: string | undefined;
}

export const VERSIONS: Listing<Versions> = {
  columns: [
    { field: "Client", header: "CLIENT", value: () => ({ Version: AGENT_VERSION }) },
    {
      ...{ field: "Agent", header: "AGENT" },
      value: ({ agent }) =>
        agent === undefined
          ? null
          : { Version: agent.version, Node: agent.node, Engine: agent.engineVersion },
    },
  ],
};

export const version: Command = {
  help: `Usage:  docker mesh version [OPTIONS]

Show the versions of this command and of the agent

  docker mesh version --format '{{.Client.Version}} {{.Agent.Version}}'

Options:
      ${FORMAT_HELP}
${describeFields(VERSIONS)}`,
  run: runVersion,
};

async function runVersion(args: readonly string[], context: CommandContext): Promise<void> {
  const flags = parseAllFlags(args, [FORMAT_FLAG]);
  if (flags.rest.length > 0) throw new UsageError('"docker mesh version" accepts no arguments');
  const output = readOutput(flags, VERSIONS);
  const versions = await askForVersions(context);
  context.print(output.kind === "table" ? renderVersions(versions) : output.render([versions]));
}

/** That there is no agent is no error here. */
async function askForVersions(context: CommandContext): Promise<Versions> {
  const limit = AbortSignal.timeout(LIMIT);
  try {
    const signal = AbortSignal.any([context.signal, limit]);
    const engine = await chooseEngine(context);
    return {
      agent: readStatus(await askAgent(engine, "/v1/status", signal)).agent,
      problem: undefined,
    };
  } catch (error) {
    context.signal.throwIfAborted();
    const silent = `no answer within ${LIMIT / 1_000}s`;
    return { agent: undefined, problem: limit.aborted ? silent : describeError(error) };
  }
}

export function renderVersions({ agent, problem }: Versions): string {
  const found =
    agent === undefined
      ? `none reached: ${problem}`
      : `${agent.version}, on ${agent.node} with engine ${agent.engineVersion}`;
  return `docker mesh version ${AGENT_VERSION}\nagent: ${escapeControls(found)}\n`;
}
