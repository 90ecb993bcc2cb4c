// `docker mesh policy get`.
import type { Command, CommandContext } from "./command.ts";
import { FORMAT_FLAG, parseAllFlags, readFormat, UsageError } from "./flags.ts";
import { type ExplainedPolicy, PolicyClient } from "./policy-client.ts";
import { renderTable } from "./table.ts";

export const policyGet: Command = {
  help: `Usage:  docker mesh policy get [OPTIONS] SERVICE

Show a service's policy and where each value comes from: "policy" is what was set, "label" what its containers'
labels say, "mesh" what was set for "*", "default" everything else

Options:
      --all             Show defaults too
      --format string   Format of the output: "table" or "json" (default "table")
`,
  run: runGet,
};

async function runGet(args: readonly string[], context: CommandContext): Promise<void> {
  const flags = parseAllFlags(args, [{ name: "all", kind: "switch" }, FORMAT_FLAG]);
  const [service, ...others] = flags.rest;
  if (service === undefined || others.length > 0) {
    throw new UsageError('"docker mesh policy get" requires exactly one argument, a service');
  }
  const format = readFormat(flags);
  const client = await PolicyClient.open(context);
  const policy = await client.explain(service);
  const all = flags.values.get("all") === "true";
  context.print(format === "json" ? `${JSON.stringify(policy)}\n` : renderPolicy(policy, all));
}

export function renderPolicy({ service, fields }: ExplainedPolicy, all: boolean): string {
  const shown = fields.filter(({ source }) => all || source !== "default");
  if (shown.length === 0) return `Nothing is set for ${service}; --all shows the defaults.\n`;
  return renderTable(
    ["FIELD", "VALUE", "SOURCE"],
    shown.map(({ field, value, source }) => [field, value, source]),
  );
}
