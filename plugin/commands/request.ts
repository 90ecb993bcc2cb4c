// The hidden verb that runs inside the agent's container: one GET to the agent's own API, the answer to standard output.
// It serves as that container's health check too, since an answer that is no success ends with exit code 1.
import { MeshError } from "../../mesh/errors.ts";
import { readSettings } from "../settings.ts";
import type { Command, CommandContext } from "./command.ts";
import { parseFlags, UsageError } from "./flags.ts";

/** Longest wait for the answer, ms. */
const LIMIT = 10_000;

export const request: Command = {
  help: `Usage:  docker mesh request PATH

Ask the agent's API; works inside the agent's container only
`,
  run: runRequest,
};

async function runRequest(args: readonly string[], context: CommandContext): Promise<void> {
  const [path, ...others] = parseFlags(args, []).rest;
  if (!path?.startsWith("/") || others.length > 0) {
    throw new UsageError(
      '"docker mesh request" requires exactly one argument, a path such as /v1/status',
    );
  }
  const { apiHost, apiPort } = readSettings(context.environment);
  const address = `${reachable(apiHost)}:${apiPort}`;
  const response = await get(`http://${address}${path}`, address, context.signal);
  context.print(response.body);
  if (!response.ok) {
    const message = `expected success from ${path} of the agent's API, got status ${response.status}`;
    throw new MeshError("AGENT_UNAVAILABLE", message);
  }
}

interface Answer {
  readonly ok: boolean;
  readonly status: number;
  readonly body: string;
}

async function get(url: string, address: string, signal: AbortSignal): Promise<Answer> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(LIMIT)]);
  try {
    const response = await fetch(url, { signal: limit });
    return { ok: response.ok, status: response.status, body: await response.text() };
  } catch (cause) {
    signal.throwIfAborted();
    throw new MeshError("AGENT_UNAVAILABLE", `the agent's API at ${address} does not answer`, {
      cause,
    });
  }
}

/** An agent that listens everywhere is reached on loopback. */
function reachable(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  if (host === "::" || host === "[::]") return "[::1]";
  return host;
}
