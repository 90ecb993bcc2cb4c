// The hidden verb that runs inside the agent's container: a request to the agent's own API, the answer to standard output.
// With a path it is a GET, and an answer that is no success ends with exit code 1, so that it can serve as a health check;
// without one it carries what `docker mesh` wants, and gives the answer whole, or as it comes for as long as its input is open.
import { MeshError } from "../../mesh/errors.ts";
import { readSettings } from "../settings.ts";
import { CALL_VARIABLE, readCall } from "./api-call.ts";
import { callSocket, streamSocket } from "./api-socket.ts";
import type { Command, CommandContext } from "./command.ts";
import { type Flag, parseFlags, UsageError } from "./flags.ts";

const FLAGS: readonly Flag[] = [
  { name: "exchange", kind: "switch" },
  { name: "stream", kind: "switch" },
];

export const request: Command = {
  help: `Usage:  docker mesh request PATH

Ask the agent's API; works inside the agent's container only
`,
  run: runRequest,
};

async function runRequest(args: readonly string[], context: CommandContext): Promise<void> {
  const { values, rest } = parseFlags(args, FLAGS);
  if (values.get("exchange") === "true") return await exchange(context);
  if (values.get("stream") === "true") return await stream(context);
  const [path, ...others] = rest;
  if (!path?.startsWith("/") || others.length > 0) {
    throw new UsageError(
      '"docker mesh request" requires exactly one argument, a path such as /v1/status',
    );
  }
  const { status, body } = await callSocket(
    socketOf(context),
    { method: "GET", path },
    context.signal,
  );
  context.print(body);
  if (status < 200 || status > 299) {
    const message = `expected success from ${path} of the agent's API, got status ${status}`;
    throw new MeshError("AGENT_UNAVAILABLE", message);
  }
}

async function exchange(context: CommandContext): Promise<void> {
  const call = readCall(context.environment[CALL_VARIABLE]);
  const answer = await callSocket(socketOf(context), call, context.signal);
  context.print(JSON.stringify(answer));
}

/** One line for the answer, its body in it unless it is a success; then the body. */
async function stream(context: CommandContext): Promise<void> {
  const call = readCall(context.environment[CALL_VARIABLE]);
  const gone = new AbortController();
  // An engine does not tell a command that nobody reads its output any more, but closes its input.
  const leave = (): void => gone.abort();
  context.readInput().then(leave, leave);
  const signal = AbortSignal.any([context.signal, gone.signal]);
  try {
    for await (const text of streamSocket(socketOf(context), call, signal)) context.print(text);
  } catch (error) {
    if (!gone.signal.aborted) throw error;
  }
}

function socketOf({ environment }: CommandContext): string {
  return readSettings(environment).apiSocket;
}
