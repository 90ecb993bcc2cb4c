// Reaches the agent through the engine: whoever may use the engine may ask the agent, wherever the engine is, and the
// agent needs no open port. Runs the hidden verb `request` inside the agent's container and reads what it prints.
import { addAbortSignal, type Readable } from "node:stream";
import type Docker from "dockerode";
import { MeshError } from "../../mesh/errors.ts";
import { OWN_LABELS } from "../docker/container-facts.ts";
import { Engine } from "../docker/engine.ts";
import { resolveEngineAddress } from "../docker/engine-address.ts";
import { connectEngine } from "../docker/engine-connection.ts";
import { printEngineHost } from "../docker/engine-host.ts";
import { type ApiAnswer, type ApiCall, CALL_VARIABLE, readAnswer } from "./api-call.ts";
import type { CommandContext } from "./command.ts";
import { readExecOutput } from "./exec-output.ts";

export interface AskedEngine {
  readonly docker: Docker;
  /** The engine's address for people. */
  readonly shown: string;
}

/** The engine that the flags, the environment or the context name. */
export async function chooseEngine(context: CommandContext): Promise<AskedEngine> {
  const address = await resolveEngineAddress(context.engine, context.environment);
  return { docker: connectEngine(address), shown: printEngineHost(address.host) };
}

/** For everything together, ms. */
const LIMIT = 20_000;

/**
 * What the agent's API answers to a GET of the path. Throws ENGINE_UNAVAILABLE or ENGINE_REFUSED, AGENT_UNAVAILABLE when
 * none runs or it does not answer, and TIMEOUT.
 */
export async function askAgent(
  engine: AskedEngine,
  path: string,
  signal: AbortSignal,
): Promise<string> {
  return await runVerb(engine, { arguments: [path] }, signal);
}

/** What the agent's API answers to any request, refusals included. Throws as {@link askAgent} does. */
export async function callAgent(
  engine: AskedEngine,
  call: ApiCall,
  signal: AbortSignal,
): Promise<ApiAnswer> {
  const environment = [`${CALL_VARIABLE}=${JSON.stringify(call)}`];
  return readAnswer(await runVerb(engine, { arguments: ["--exchange"], environment }, signal));
}

/** How the verb `request` is run. */
interface VerbCall {
  readonly arguments: readonly string[];
  readonly environment?: readonly string[];
}

async function runVerb(engine: AskedEngine, call: VerbCall, signal: AbortSignal): Promise<string> {
  return await inTime(engine, signal, (limited) => ask(engine.docker, call, limited));
}

/** Does what asks the engine. Throws ENGINE_UNAVAILABLE or ENGINE_REFUSED, and TIMEOUT when it takes too long. */
export async function inTime<T>(
  engine: AskedEngine,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = AbortSignal.timeout(LIMIT);
  try {
    return await work(AbortSignal.any([signal, limit]));
  } catch (error) {
    if (error instanceof MeshError) throw error;
    signal.throwIfAborted();
    if (limit.aborted) {
      throw new MeshError(
        "TIMEOUT",
        `the engine at ${engine.shown} did not answer within ${LIMIT / 1000}s`,
      );
    }
    throw engineError(error, engine.shown);
  }
}

/** The agent's container. */
export interface AgentContainer {
  readonly id: string;
  readonly name: string;
}

/** Throws AGENT_UNAVAILABLE when none runs, ENGINE_TOO_OLD where none can. */
export async function findAgent(docker: Docker, signal: AbortSignal): Promise<AgentContainer> {
  const [agent] = await docker.listContainers({
    filters: { label: [`${OWN_LABELS.role}=agent`], status: ["running"] },
    abortSignal: signal,
  });
  if (agent !== undefined)
    return { id: agent.Id, name: agent.Names[0]?.replace(/^\//, "") ?? agent.Id };
  await refuseOldEngine(docker, signal);
  throw noAgent();
}

export function noAgent(): MeshError {
  return new MeshError(
    "AGENT_UNAVAILABLE",
    "no agent of the mesh runs on this engine: `docker mesh up` installs the mesh",
  );
}

/** The arguments of the verb `request` inside the agent's container. */
export function requestCommand(...args: readonly string[]): string[] {
  return ["node", "/app/cli.mjs", "request", ...args];
}

async function ask(docker: Docker, call: VerbCall, signal: AbortSignal): Promise<string> {
  const agent = await findAgent(docker, signal);
  const exec = await docker.getContainer(agent.id).exec({
    Cmd: requestCommand(...call.arguments),
    ...(call.environment === undefined ? {} : { Env: [...call.environment] }),
    AttachStdout: true,
    AttachStderr: true,
    abortSignal: signal,
  });
  const stream = await exec.start({ abortSignal: signal });
  const output = await readExecOutput(addAbortSignal(signal, stream as Readable));
  const { ExitCode: exitCode } = await exec.inspect({ abortSignal: signal });
  if (exitCode === 0) return output.standardOutput;
  await refuseOldEngine(docker, signal);
  throw unanswered(agent, output.standardError.trim() || `exit code ${exitCode}`);
}

export function unanswered({ name }: AgentContainer, reason: string): MeshError {
  const message = `the agent in container ${name} does not answer: ${reason}; \`docker logs ${name}\` says why`;
  return new MeshError("AGENT_UNAVAILABLE", message);
}

/** An agent on an engine that is too old waits for a newer one and does not answer: that is what to say then. */
async function refuseOldEngine(docker: Docker, signal: AbortSignal): Promise<void> {
  await new Engine(docker).version(signal);
}

function engineError(cause: unknown, shown: string): MeshError {
  const { code, statusCode, json } = cause as {
    readonly code?: string;
    readonly statusCode?: number;
    readonly json?: { readonly message?: string };
  };
  if (statusCode !== undefined) {
    const message = json?.message ?? `status ${statusCode}`;
    return new MeshError("ENGINE_REFUSED", `the engine at ${shown} refused: ${message}`);
  }
  if (code === "EACCES") {
    const message = `no permission to use the engine at ${shown}: run as root or as a member of the group "docker"`;
    return new MeshError("ENGINE_UNAVAILABLE", message);
  }
  const message = `cannot reach the engine at ${shown} (is it running?)`;
  return new MeshError("ENGINE_UNAVAILABLE", message, { cause });
}
