// `docker mesh intentions`: who may call whom, as Consul's intentions say it. They are changed in Consul.
import type { IntentionsAnswer, RankedIntention } from "../policy/ranked-intentions.ts";
import { callAgent, chooseEngine } from "./ask-agent.ts";
import type { Command, CommandContext } from "./command.ts";
import { FORMAT_FLAG, parseAllFlags, UsageError } from "./flags.ts";
import { describeFields, FORMAT_HELP, type Listing, NO_TRUNC_FLAG, readOutput } from "./listing.ts";
import { readBody } from "./read-answer.ts";

export const INTENTIONS: Listing<RankedIntention> = {
  columns: [
    { field: "Source", header: "SOURCE", value: ({ source }) => source },
    { field: "Destination", header: "DESTINATION", value: ({ destination }) => destination },
    {
      ...{ field: "Action", header: "ACTION" },
      value: ({ action, permissions }) =>
        action ?? (permissions.length === 0 ? "" : "by permissions"),
    },
    {
      ...{ field: "Precedence", header: "PRECEDENCE" },
      value: ({ precedence }) => precedence,
      cell: ({ precedence }) => (precedence === 0 ? "default" : String(precedence)),
    },
    {
      ...{ field: "Permissions", header: "PERMISSIONS" },
      value: ({ permissions }) => permissions.map(describePermission),
      shorten: (text) => (text.length > 60 ? `${text.slice(0, 59)}…` : text),
    },
  ],
};

function describePermission({ action, match }: RankedIntention["permissions"][number]): string {
  const conditions = Object.entries(match).map(([name, value]) => `${name}=${value}`);
  return `${action} ${conditions.join(" ") || "any request"}`;
}

export const intentions: Command = {
  help: `Usage:  docker mesh intentions [OPTIONS]

List Consul's intentions: which service may call which, those first that beat the others, and what holds without one.
They are changed in Consul

Options:
      ${FORMAT_HELP}
      --no-trunc        Do not cut permissions
${describeFields(INTENTIONS)}`,
  run: runIntentions,
};

async function runIntentions(args: readonly string[], context: CommandContext): Promise<void> {
  const flags = parseAllFlags(args, [FORMAT_FLAG, NO_TRUNC_FLAG]);
  if (flags.rest.length > 0) throw new UsageError('"docker mesh intentions" accepts no arguments');
  const output = readOutput(flags, INTENTIONS);
  const engine = await chooseEngine(context);
  const call = { method: "GET", path: "/v1/intentions" } as const;
  const answer = readBody<IntentionsAnswer>(await callAgent(engine, call, context.signal), (body) =>
    Array.isArray(body.intentions),
  );
  const left = answer.left > 0 && output.kind === "table" ? `(${answer.left} more)\n` : "";
  context.print(`${output.render(answer.intentions)}${left}`);
}
