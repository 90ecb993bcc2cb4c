// A byte stream to another service: goes to the first endpoint that can be reached and stays there. What becomes of it tells
// about the endpoint as a request would: whether it could be reached, and whether it said anything before it broke off.
import { streamKey } from "./balance/hash-key.ts";
import type { OutboundRoute } from "./configuration/outbound-routes.ts";
import type { DataPlane } from "./data-plane.ts";
import type { FailureCode } from "./failures.ts";
import type { Target } from "./http/plan.ts";
import { watchIdle } from "./tcp/idle-watch.ts";
import type { Connection } from "./transport/connection.ts";
import { OverloadError } from "./transport/dial.ts";

/** Milliseconds that a connection must stand for its endpoint to count as working; many services wait to be spoken to. */
const PROVEN = 1_000;

/** Why there is no stream; the code is counted. */
export class StreamError extends Error {
  readonly code: FailureCode;

  constructor(code: FailureCode, service: string) {
    super(`no endpoint of ${service} could be reached`);
    this.code = code;
  }
}

export interface OpenedStream {
  readonly connection: Connection;
  /** Of the endpoint; "" for one without. */
  readonly version: string;
}

/** Rejects with a {@link StreamError} when no endpoint can be reached, the service has no room, or the caller is gone. */
export async function openStream(
  plane: DataPlane,
  { service, places, conduct }: OutboundRoute,
  near: Connection,
  signal: AbortSignal,
): Promise<OpenedStream> {
  const { balance, timeouts } = conduct.policy;
  const targets = places.draw();
  const key = streamKey(balance, plane.configuration()?.snapshot.instanceId ?? "");
  const tried: Target[] = [];
  while (!near.socket.destroyed && !signal.aborted) {
    const target = targets.next(key, tried, false);
    if (target === undefined || tried.includes(target)) break;
    tried.push(target);
    try {
      const connection = await dial(target, signal);
      watchIdle(connection, timeouts.idle, plane.engine.deadlines);
      return { connection, version: target.version ?? "" };
    } catch (error) {
      if (error instanceof OverloadError) throw new StreamError("OVERLOADED", service.service);
      plane.log.debug("an endpoint cannot be reached", { target: target.id, error: String(error) });
    }
  }
  const code = tried.length === 0 ? "NO_HEALTHY_ENDPOINT" : "ENDPOINTS_UNREACHABLE";
  throw new StreamError(code, service.service);
}

async function dial(target: Target, signal: AbortSignal): Promise<Connection> {
  const began = performance.now();
  target.begin(began);
  try {
    const { destination } = target;
    if (destination.dialStream === undefined) throw new Error("it takes no byte streams");
    const connection = await destination.dialStream(signal);
    follow(connection, target, began);
    return connection;
  } catch (error) {
    const isOurs = signal.aborted || error instanceof OverloadError;
    if (!isOurs) target.failed("ENDPOINTS_UNREACHABLE", performance.now(), began);
    target.ended(began);
    throw error;
  }
}

/** Tells the target how the stream turns out. */
function follow({ socket }: Connection, target: Target, began: number): void {
  const stoodAt = performance.now();
  let told = false;
  const works = (): void => {
    told = true;
    target.answered(200, stoodAt, began);
  };
  const proven = setTimeout(works, PROVEN).unref();
  socket.once("close", () => {
    clearTimeout(proven);
    const broke = socket.errored !== null && socket.bytesRead === 0;
    if (!told && broke) target.failed("CONNECTION_LOST", performance.now(), began);
    else if (!told) works();
    target.ended(began);
  });
}
