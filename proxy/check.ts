// Asking the application once whether it works, on 127.0.0.1. When to ask is `probe.ts`'s business.
import { describeError } from "../mesh/errors.ts";
import type { InboundPort } from "./configuration/snapshot.ts";
import { ask } from "./http/own-request.ts";
import { dialTcp } from "./transport/dial.ts";

/** Milliseconds the application has for its answer. */
export const CHECK_TIMEOUT = 1_000;

/** Undefined when the port passes its check, otherwise what was expected and found. Rejects only when the signal aborts. */
export async function checkPort(
  port: InboundPort,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { check, applicationPort } = port;
  try {
    if (check.kind === "tcp") await checkTcp(applicationPort, signal);
    if (check.kind === "http") await checkHttp(applicationPort, check.path, signal);
    return undefined;
  } catch (error) {
    signal.throwIfAborted();
    const question = check.kind === "http" ? `GET ${check.path}` : "a connection";
    return `${question} on port ${applicationPort} failed: ${describeError(error)}`;
  }
}

async function checkTcp(port: number, signal: AbortSignal): Promise<void> {
  const { socket } = await dialTcp("127.0.0.1", port, signal);
  socket.destroy();
}

async function checkHttp(port: number, path: string, signal: AbortSignal): Promise<void> {
  const timeout = AbortSignal.timeout(CHECK_TIMEOUT);
  const request = {
    method: "GET",
    path,
    fields: { host: `127.0.0.1:${port}`, "user-agent": "docker-mesh-probe" },
  } as const;
  try {
    const target = { host: "127.0.0.1", port };
    using response = await ask(target, request, AbortSignal.any([signal, timeout]));
    const { status } = response;
    if (status < 200 || status > 399)
      throw new Error(`expected status 2xx or 3xx, found ${status}`);
  } catch (error) {
    throw timeout.aborted ? new Error(`no answer within ${CHECK_TIMEOUT} ms`) : error;
  }
}
