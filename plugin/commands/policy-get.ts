// `docker mesh policy get`.
import type { EffectiveField } from "../../mesh/policy/document.ts";
import type { Command, CommandContext } from "./command.ts";
import { FORMAT_FLAG, parseAllFlags, UsageError } from "./flags.ts";
import { describeFields, FORMAT_HELP, type Listing, readOutput, renderOwn } from "./listing.ts";
import { type ExplainedPolicy, PolicyClient } from "./policy-client.ts";
import { renderTable } from "./table.ts";

export const POLICY_FIELDS: Listing<EffectiveField> = {
  columns: [
    { field: "Field", header: "FIELD", value: ({ field }) => field },
    { field: "Value", header: "VALUE", value: ({ value }) => value },
    { field: "Source", header: "SOURCE", value: ({ source }) => source },
  ],
};

export const policyGet: Command = {
  help: `Usage:  docker mesh policy get [OPTIONS] SERVICE

Show a service's policy and where each value comes from: "policy" is what was set, "label" what its containers'
labels say, "mesh" what was set for "*", "default" everything else

Options:
      --all             Show defaults too
      ${FORMAT_HELP}
${describeFields(POLICY_FIELDS)}`,
  run: runGet,
};

async function runGet(args: readonly string[], context: CommandContext): Promise<void> {
  const flags = parseAllFlags(args, [{ name: "all", kind: "switch" }, FORMAT_FLAG]);
  const [service, ...others] = flags.rest;
  if (service === undefined || others.length > 0) {
    throw new UsageError('"docker mesh policy get" requires exactly one argument, a service');
  }
  const output = readOutput(flags, POLICY_FIELDS);
  const client = await PolicyClient.open(context);
  const policy = await client.explain(service);
  const all = flags.values.get("all") === "true";
  context.print(
    renderOwn(output, shownFields(policy, all), {
      json: policy,
      table: () => renderPolicy(policy, all),
    }),
  );
}

function shownFields({ fields }: ExplainedPolicy, all: boolean): readonly EffectiveField[] {
  return fields.filter(({ source }) => all || source !== "default");
}

export function renderPolicy(policy: ExplainedPolicy, all: boolean): string {
  const { service } = policy;
  const shown = shownFields(policy, all);
  if (shown.length === 0) return `Nothing is set for ${service}; --all shows the defaults.\n`;
  return renderTable(
    ["FIELD", "VALUE", "SOURCE"],
    shown.map(({ field, value, source }) => [field, value, source]),
  );
}
