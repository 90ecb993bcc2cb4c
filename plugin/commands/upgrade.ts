// `docker mesh upgrade`: another version of the mesh of one machine, while its applications run.
import { chooseInstallation } from "../installation/installation.ts";
import { upgradeMesh } from "../installation/upgrade.ts";
import type { Command, CommandContext } from "./command.ts";
import { type Flag, parseAllFlags, UsageError } from "./flags.ts";
import { readTimeout } from "./up.ts";

export const upgrade: Command = {
  help: `Usage:  docker mesh upgrade [OPTIONS] [IMAGE|VERSION]

Replace agent and sidecars by those of another version, under running applications. Without
an image or a version: by those of this command's version. What fails is taken back

Options:
      --dry-run       Only tell what would be done
      --timeout int   Longest wait until the new agent is ready, in seconds (default 120)
`,
  run: runUpgrade,
};

const FLAGS: readonly Flag[] = [
  { name: "dry-run", kind: "switch" },
  { name: "timeout", kind: "text" },
];

async function runUpgrade(args: readonly string[], context: CommandContext): Promise<void> {
  const { values, rest } = parseAllFlags(args, FLAGS);
  if (rest.length > 1) throw new UsageError('"docker mesh upgrade" accepts at most one argument');
  const installation = await chooseInstallation(context);
  const dryRun = values.get("dry-run") === "true";
  const say = (line: string): void => context.print(`${line}\n`);
  const request = { target: rest[0], timeout: readTimeout(values), dryRun, say };
  await upgradeMesh(installation, request, context.signal);
  if (!dryRun) context.print("The mesh is upgraded.\n");
}
