// `docker mesh up`: the mesh of one machine, wherever its engine is, or of a whole swarm.
import { bringUp } from "../installation/bring-up.ts";
import { chooseInstallation } from "../installation/installation.ts";
import type { Variables } from "../installation/present.ts";
import { bringUpStack } from "../installation/stack-up.ts";
import type { Command, CommandContext } from "./command.ts";
import { type Flag, type ParsedFlags, parseAllFlags, UsageError } from "./flags.ts";

export const up: Command = {
  help: `Usage:  docker mesh up [OPTIONS]

Install the mesh on this machine, or with --swarm on all nodes of a swarm, or change how it is set up. What is not said
stays as it is

Options:
      --catalog string     Where services are recorded: "consul" or "embedded" (default "consul")
      --console-port int   Where the console is published on 127.0.0.1 (default 8600)
      --consul-port int    Where Consul is published on 127.0.0.1 (default 8500)
      --swarm              On all nodes of the swarm that this engine manages, as a stack
      --timeout int        Longest wait until all is healthy, in seconds (default 120)
`,
  run: runUp,
};

/** The options of `up`; the Compose provider has the same. */
export const UP_FLAGS: readonly Flag[] = [
  { name: "catalog", kind: "text" },
  { name: "console-port", kind: "text" },
  { name: "consul-port", kind: "text" },
  { name: "timeout", kind: "text" },
];

/** The stack is always with Consul, and its console comes with a file of its own, since it needs a certificate. */
const NOT_OF_SWARM = ["catalog", "console-port"] as const;

const TIMEOUT = 120;
const LONGEST_TIMEOUT = 3_600;

async function runUp(args: readonly string[], context: CommandContext): Promise<void> {
  const flags = parseAllFlags(args, [...UP_FLAGS, { name: "swarm", kind: "switch" }]);
  if (flags.rest.length > 0) throw new UsageError('"docker mesh up" accepts no arguments');
  const options = readUpFlags(flags);
  if (flags.values.get("swarm") === "true") return await runSwarmUp(flags, context);
  const installation = await chooseInstallation(context);
  const catalog = await bringUp(installation, { ...options, installer: "user" }, context.signal);
  context.print(`The mesh is up, with the catalog ${catalog}.

Next:  write mesh.enable: "true" into the labels of a service, and docker compose up -d
       docker mesh status       shows services, workloads and problems
       docker mesh dashboard    says where the console is
`);
}

async function runSwarmUp(flags: ParsedFlags, context: CommandContext): Promise<void> {
  const other = NOT_OF_SWARM.find((name) => flags.values.has(name));
  if (other !== undefined) throw new UsageError(`--${other} is not of the mesh of a swarm`);
  const installation = await chooseInstallation(context, (line) => context.print(`${line}\n`));
  await bringUpStack(installation, readUpFlags(flags), context.signal);
  context.print(`The mesh is up on all nodes of the swarm.

Next:  write mesh.enable: "true" into the labels of a service, and docker stack deploy
       docker mesh status       shows services, nodes and problems
`);
}

/** Throws UsageError for values that cannot be meant. */
export function readUpFlags({ values }: ParsedFlags): {
  readonly variables: Variables;
  readonly timeout: number;
} {
  const catalog = values.get("catalog");
  if (catalog !== undefined && catalog !== "consul" && catalog !== "embedded") {
    throw invalid("catalog", catalog, "consul or embedded");
  }
  const console = readNumber(values, "console-port", 65_535);
  const consul = readNumber(values, "consul-port", 65_535);
  return {
    variables: {
      ...(catalog === undefined ? {} : { MESH_CATALOG: catalog }),
      ...(console === undefined ? {} : { MESH_CONSOLE_PORT: String(console) }),
      ...(consul === undefined ? {} : { MESH_CONSUL_PORT: String(consul) }),
    },
    timeout: readTimeout(values),
  };
}

/** The seconds of `--timeout`. Throws UsageError for what is no such number. */
export function readTimeout(values: ParsedFlags["values"]): number {
  return readNumber(values, "timeout", LONGEST_TIMEOUT) ?? TIMEOUT;
}

function readNumber(
  values: ParsedFlags["values"],
  name: string,
  largest: number,
): number | undefined {
  const text = values.get(name);
  if (text === undefined) return undefined;
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= 1 && number <= largest) return number;
  throw invalid(name, text, `a number from 1 to ${largest}`);
}

function invalid(name: string, text: string, expected: string): UsageError {
  return new UsageError(
    `invalid argument ${JSON.stringify(text)} for --${name}: expected ${expected}`,
  );
}
