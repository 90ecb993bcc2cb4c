// `docker mesh down`: the end of the mesh on one machine, not of its applications.
import { forgetAllAskers } from "../installation/askers.ts";
import { chooseInstallation } from "../installation/installation.ts";
import { takeDown } from "../installation/take-down.ts";
import { inTime } from "./ask-agent.ts";
import type { Command, CommandContext } from "./command.ts";
import { type Flag, parseAllFlags, UsageError } from "./flags.ts";

export const down: Command = {
  help: `Usage:  docker mesh down [OPTIONS]

Remove the mesh from this machine; applications go on without it

Options:
  -v, --volumes   Also remove what the mesh keeps: its certificate authority and its policies
`,
  run: runDown,
};

const FLAGS: readonly Flag[] = [{ name: "volumes", short: "v", kind: "switch" }];

async function runDown(args: readonly string[], context: CommandContext): Promise<void> {
  const { values, rest } = parseAllFlags(args, FLAGS);
  if (rest.length > 0) throw new UsageError('"docker mesh down" accepts no arguments');
  const volumes = values.get("volumes") === "true";
  const installation = await chooseInstallation(context);
  const wasThere = await takeDown(installation, { volumes }, context.signal);
  const { asked } = installation;
  await inTime(asked, context.signal, (limited) => forgetAllAskers(asked.docker, limited));
  if (!wasThere) return context.print("There is no mesh on this engine.\n");
  const kept = volumes ? "" : " Its volumes stay: `docker mesh down --volumes` removes them, too.";
  context.print(`The mesh is gone; applications go on without it.${kept}\n`);
}
