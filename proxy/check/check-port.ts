// Asking the application once whether it works, on 127.0.0.1. When to ask is `probe.ts`'s business.
import { describeError } from "../../mesh/errors.ts";
import type { ApplicationCheck, InboundPort } from "../configuration/snapshot.ts";
import { ask } from "../http/own-request.ts";
import { dialTcp } from "../transport/dial.ts";
import { checkGrpc } from "./grpc-health.ts";

/**
 * Undefined when the port passes its check within `timeout` ms, otherwise what was asked and what came of it. Rejects only
 * when the signal aborts.
 */
export async function checkPort(
  { check, applicationPort }: InboundPort,
  timeout: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (check.kind === "none") return undefined;
  const late = AbortSignal.timeout(timeout);
  try {
    await put(check, applicationPort, AbortSignal.any([signal, late]));
    return undefined;
  } catch (error) {
    signal.throwIfAborted();
    const found = late.aborted ? `no answer within ${timeout} ms` : describeError(error);
    return `${describeQuestion(check)} on port ${applicationPort} failed: ${found}`;
  }
}

type Question = Exclude<ApplicationCheck, { readonly kind: "none" }>;

function put(check: Question, port: number, signal: AbortSignal): Promise<void> {
  if (check.kind === "tcp") return checkTcp(port, signal);
  if (check.kind === "http") return checkHttp(port, check.path, signal);
  return checkGrpc(port, check.service, signal);
}

function describeQuestion(check: Question): string {
  if (check.kind === "tcp") return "a connection";
  if (check.kind === "http") return `GET ${check.path}`;
  return `grpc.health.v1.Health/Check of ${JSON.stringify(check.service)}`;
}

async function checkTcp(port: number, signal: AbortSignal): Promise<void> {
  const { socket } = await dialTcp("127.0.0.1", port, signal);
  socket.destroy();
}

async function checkHttp(port: number, path: string, signal: AbortSignal): Promise<void> {
  const request = {
    method: "GET",
    path,
    fields: { host: `127.0.0.1:${port}`, "user-agent": "docker-mesh-probe" },
  } as const;
  using response = await ask({ host: "127.0.0.1", port }, request, signal);
  const { status } = response;
  if (status < 200 || status > 399) throw new Error(`expected status 2xx or 3xx, found ${status}`);
}
