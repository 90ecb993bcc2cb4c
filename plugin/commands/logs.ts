// `docker mesh logs`: the log of the agent, which may have ended, or those of the sidecars of a service, from the engine.
import type Docker from "dockerode";
import { parseDuration } from "../../mesh/duration.ts";
import { MeshError } from "../../mesh/errors.ts";
import { OWN_LABELS } from "../docker/container-facts.ts";
import {
  type AskedEngine,
  askAgent,
  callAgent,
  chooseEngine,
  inTime,
  noAgent,
} from "./ask-agent.ts";
import type { Command, CommandContext } from "./command.ts";
import { type LogOptions, openLog, readLogLines } from "./container-log.ts";
import { type Flag, type ParsedFlags, parseAllFlags, UsageError } from "./flags.ts";
import { readBody } from "./read-answer.ts";
import { readStatus } from "./read-status.ts";

const FLAGS: readonly Flag[] = [
  { name: "follow", short: "f", kind: "switch" },
  { name: "since", kind: "text" },
  { name: "tail", short: "n", kind: "text" },
  { name: "timestamps", short: "t", kind: "switch" },
  { name: "until", kind: "text" },
];

export const logs: Command = {
  help: `Usage:  docker mesh logs [OPTIONS] [SERVICE]

Show the log of the agent of this node, or the logs of the sidecars of a service on this node

Options:
  -f, --follow         Go on with what is logged from now on
      --since string   Only what is newer than this moment ("2026-11-23T12:00:00Z") or age ("42m")
  -n, --tail string    So many lines from the end of each (default "all")
  -t, --timestamps     Begin each line with when the engine got it
      --until string   Only what is older than this moment or age
`,
  run: runLogs,
};

async function runLogs(args: readonly string[], context: CommandContext): Promise<void> {
  const flags = parseAllFlags(args, FLAGS);
  const [service, ...others] = flags.rest;
  if (others.length > 0)
    throw new UsageError('"docker mesh logs" requires at most one argument, a service');
  const options = readLogOptions(flags, Date.now());
  const engine = await chooseEngine(context);
  const { signal } = context;
  const containers =
    service === undefined
      ? [await inTime(engine, signal, (limited) => findAnyAgent(engine.docker, limited))]
      : await sidecarsOf(engine, service, signal);
  const width = Math.max(...containers.map(({ name }) => name.length));
  await Promise.all(
    containers.map(async ({ id, name }) => {
      const prefix = containers.length === 1 ? "" : `${name.padEnd(width)} | `;
      const show = (line: string): void => context.print(`${prefix}${line}\n`);
      await showLog(engine, id, options, { show, signal });
    }),
  );
}

async function showLog(
  engine: AskedEngine,
  containerId: string,
  options: LogOptions,
  { show, signal }: { readonly show: (line: string) => void; readonly signal: AbortSignal },
): Promise<void> {
  await using log = await openLog(engine, containerId, options, signal);
  try {
    for await (const line of readLogLines(log.stream)) show(line);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
  signal.throwIfAborted();
}

/** `now`: wall clock, ms. Throws UsageError for what is no moment and no number. */
export function readLogOptions({ values }: ParsedFlags, now: number): LogOptions {
  const tail = values.get("tail") ?? "all";
  if (!/^(all|\d{1,9})$/.test(tail))
    throw new UsageError(
      `invalid argument ${JSON.stringify(tail)} for --tail: expected a number of lines or all`,
    );
  const [since, until] = ["since", "until"].map((name) => {
    const text = values.get(name);
    return text === undefined ? undefined : readMoment(`--${name}`, text, now);
  });
  return {
    ...{ tail, since, until },
    follow: values.get("follow") === "true",
    timestamps: values.get("timestamps") === "true",
  };
}

/** Seconds since 1970, as the engine wants it. */
function readMoment(flag: string, text: string, now: number): number {
  if (/^\d{1,12}(\.\d{1,9})?$/.test(text)) return Number(text);
  const moment = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : now - ageOf(flag, text);
  if (!Number.isNaN(moment)) return moment / 1_000;
  throw noMoment(flag, text);
}

function ageOf(flag: string, text: string): number {
  try {
    return parseDuration(text);
  } catch {
    throw noMoment(flag, text);
  }
}

function noMoment(flag: string, text: string): UsageError {
  return new UsageError(
    `invalid argument ${JSON.stringify(text)} for ${flag}: expected a moment such as 2026-11-23T12:00:00Z, or an age such as 42m`,
  );
}

interface NamedContainer {
  readonly id: string;
  readonly name: string;
}

/** The one that runs, or else the newest. Throws AGENT_UNAVAILABLE where there has never been one. */
async function findAnyAgent(docker: Docker, signal: AbortSignal): Promise<NamedContainer> {
  const filters = { label: [`${OWN_LABELS.role}=agent`] };
  const agents = await docker.listContainers({ all: true, filters, abortSignal: signal });
  const found = agents.find(({ State }) => State === "running") ?? agents[0];
  if (found === undefined) throw noAgent();
  return toNamed(found);
}

async function sidecarsOf(
  engine: AskedEngine,
  name: string,
  signal: AbortSignal,
): Promise<readonly NamedContainer[]> {
  if (name === "") throw new UsageError('expected the name of a service, got ""');
  const path = `/v1/services/${encodeURIComponent(name)}/endpoints`;
  const { service } = readBody<{ readonly service: string }>(
    await callAgent(engine, { method: "GET", path }, signal),
    (body) => typeof body.service === "string",
  );
  const { workloads } = readStatus(await askAgent(engine, "/v1/status", signal));
  const own = workloads.filter((workload) => workload.service === service);
  const ids = new Set(own.map(({ containerId }) => containerId));
  const list = async (label: string): Promise<readonly Docker.ContainerInfo[]> => {
    const filters = { label: [`${label}=sidecar`] };
    return await inTime(engine, signal, (limited) =>
      engine.docker.listContainers({ all: true, filters, abortSignal: limited }),
    );
  };
  const sidecars = await Promise.all([list(OWN_LABELS.role), list(OWN_LABELS.explicit)]);
  const found = sidecars.flat().filter((sidecar) => ids.has(workloadIdOf(sidecar)));
  if (found.length === 0)
    throw new MeshError("SIDECAR_PROBLEM", `no sidecar of ${service} is on this node`);
  return found.map(toNamed).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** One of a compose file does not know whose it is; the engine does. */
function workloadIdOf({ Labels, HostConfig }: Docker.ContainerInfo): string {
  return Labels[OWN_LABELS.workload] ?? HostConfig.NetworkMode?.replace(/^container:/, "") ?? "";
}

function toNamed({ Id: id, Names }: Docker.ContainerInfo): NamedContainer {
  return { id, name: Names[0]?.replace(/^\//, "") ?? id };
}
