// `docker mesh down`: the end of the mesh on one machine or a swarm, not of its applications.
import { forgetAllAskers } from "../installation/askers.ts";
import { chooseInstallation } from "../installation/installation.ts";
import { takeStackDown } from "../installation/stack-down.ts";
import { takeDown } from "../installation/take-down.ts";
import { inTime } from "./ask-agent.ts";
import type { Command, CommandContext } from "./command.ts";
import { type Flag, parseAllFlags, UsageError } from "./flags.ts";

export const down: Command = {
  help: `Usage:  docker mesh down [OPTIONS]

Remove the mesh from this machine, or with --swarm from all nodes of a swarm; applications go on without it

Options:
      --swarm     From the swarm that this engine manages; volumes of its nodes stay
  -v, --volumes   Also remove what the mesh keeps: its certificate authority and its policies
`,
  run: runDown,
};

const FLAGS: readonly Flag[] = [
  { name: "swarm", kind: "switch" },
  { name: "volumes", short: "v", kind: "switch" },
];

async function runDown(args: readonly string[], context: CommandContext): Promise<void> {
  const { values, rest } = parseAllFlags(args, FLAGS);
  if (rest.length > 0) throw new UsageError('"docker mesh down" accepts no arguments');
  const volumes = values.get("volumes") === "true";
  if (values.get("swarm") === "true") return await runSwarmDown(volumes, context);
  const installation = await chooseInstallation(context);
  const wasThere = await takeDown(installation, { volumes }, context.signal);
  const { asked } = installation;
  await inTime(asked, context.signal, (limited) => forgetAllAskers(asked.docker, limited));
  if (!wasThere) return context.print("There is no mesh on this engine.\n");
  const kept = volumes ? "" : " Its volumes stay: `docker mesh down --volumes` removes them, too.";
  context.print(`The mesh is gone; applications go on without it.${kept}\n`);
}

async function runSwarmDown(volumes: boolean, context: CommandContext): Promise<void> {
  if (volumes) {
    throw new UsageError(
      "--volumes is not of the mesh of a swarm, whose volumes only their own nodes can remove: docs/swarm.md says how",
    );
  }
  const installation = await chooseInstallation(context, (line) => context.print(`${line}\n`));
  const wasThere = await takeStackDown(installation, context.signal);
  context.print(
    wasThere
      ? "The mesh is gone from all nodes of the swarm; applications go on without it. Its volumes stay on the nodes: docs/swarm.md says how they go.\n"
      : "There is no mesh on this swarm.\n",
  );
}
