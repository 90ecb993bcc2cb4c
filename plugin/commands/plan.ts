// `docker mesh plan`: the steps that the agent of the engine's node is about to take, each with its cause.
import { callAgent, chooseEngine } from "./ask-agent.ts";
import type { Command, CommandContext } from "./command.ts";
import { FORMAT_FLAG, parseAllFlags, UsageError } from "./flags.ts";
import { describeFields, FORMAT_HELP, type Listing, readOutput } from "./listing.ts";
import { misunderstood, readBody } from "./read-answer.ts";

/** As the agent prints it. */
export interface PlannedStep {
  readonly step: string;
  /** A container, a sidecar or an instance. */
  readonly subject: string;
  readonly cause: string;
}

export const STEPS: Listing<PlannedStep> = {
  columns: [
    { field: "Step", header: "STEP", value: ({ step }) => step },
    { field: "Subject", header: "SUBJECT", value: ({ subject }) => subject },
    { field: "Cause", header: "CAUSE", value: ({ cause }) => cause },
  ],
};

export const plan: Command = {
  help: `Usage:  docker mesh plan [OPTIONS]

Show the steps that the agent of this node is about to take, and why; there are none where all is as labels and policies
say it. What has just failed is tried again and stands here until it succeeds

Options:
      ${FORMAT_HELP}
${describeFields(STEPS)}`,
  run: runPlan,
};

async function runPlan(args: readonly string[], context: CommandContext): Promise<void> {
  const flags = parseAllFlags(args, [FORMAT_FLAG]);
  if (flags.rest.length > 0) throw new UsageError('"docker mesh plan" accepts no arguments');
  const output = readOutput(flags, STEPS);
  const engine = await chooseEngine(context);
  const answer = await callAgent(engine, { method: "GET", path: "/v1/plan" }, context.signal);
  // Throws what a refusal says; a plan is no JSON.
  if (answer.status !== 200) readBody(answer);
  const steps = readPlan(answer.body);
  context.print(
    steps.length === 0 && output.kind === "table" ? "Nothing to do.\n" : output.render(steps),
  );
}

/** Throws AGENT_UNAVAILABLE for a text that is no plan. */
export function readPlan(text: string): readonly PlannedStep[] {
  const lines = text.split("\n").filter((line) => line !== "" && line !== "nothing to do");
  return lines.map((line) => {
    const [, step, subject, cause] = /^([a-z-]+) (\S+): (.*)$/.exec(line) ?? [];
    if (step === undefined || subject === undefined || cause === undefined) throw misunderstood();
    return { step, subject, cause };
  });
}
