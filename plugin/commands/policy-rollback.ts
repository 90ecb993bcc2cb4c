// `docker mesh policy rollback`.
import type { Command, CommandContext } from "./command.ts";
import { parseAllFlags, UsageError } from "./flags.ts";
import { PolicyClient } from "./policy-client.ts";
import { readVersion } from "./policy-diff.ts";

export const policyRollback: Command = {
  help: `Usage:  docker mesh policy rollback SERVICE VERSION

Make an earlier version of a service's policy the newest; "docker mesh policy history" lists them
`,
  run: runRollback,
};

async function runRollback(args: readonly string[], context: CommandContext): Promise<void> {
  const [service, version, ...others] = parseAllFlags(args, []).rest;
  if (service === undefined || version === undefined || others.length > 0) {
    throw new UsageError(
      '"docker mesh policy rollback" requires exactly two arguments, a service and a version',
    );
  }
  const wanted = readVersion(version);
  const client = await PolicyClient.open(context);
  const written = await client.rollback(service, wanted);
  context.print(`${written.service} version ${written.version}\n`);
}
