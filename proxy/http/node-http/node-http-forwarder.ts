// The forwarder on node:http. Its server never listens: it is handed connections that others have accepted.
// A request's life: taken up → sent to one destination after the other → response relayed, or failure answered.
import { type IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Log } from "../../../mesh/log.ts";
import { FAILURES, type FailureCode } from "../../failures.ts";
import type { Connection } from "../../transport/connection.ts";
import type { Destination, HttpForwarder, RequestHandler } from "../forwarder.ts";
import { isIdempotent, MAX_SENT, mayRepeat } from "../retry.ts";
import { attempt, type FailedAttempt, type Outcome } from "./attempt.ts";
import { type DestinationPool, Pools } from "./pool.ts";
import { answerFailure, relayResponse } from "./relay.ts";
import {
  beginTransaction,
  readHead,
  refuseRequest,
  type Transaction,
  type Upgrade,
} from "./transaction.ts";
import { mayUpgrade, relayUpgrade } from "./upgrade.ts";

/** Milliseconds until the head of a request must be complete. */
const HEAD_TIMEOUT = 10_000;
/** Milliseconds a caller's connection may be idle: longer than any pool of ours keeps one. */
const CALLER_IDLE_TIMEOUT = 65_000;

/** A forwarder that lives until `close`. */
export function createNodeHttpForwarder(log: Log): HttpForwarder {
  const closed = new AbortController();
  const pools = new Pools(closed.signal);
  const handlers = new WeakMap<Socket, RequestHandler>();
  const sockets = new Set<Socket>();
  const server = createServer();

  const take = (request: IncomingMessage, response: ServerResponse, upgrade?: Upgrade): void => {
    const handler = handlers.get(request.socket);
    if (handler === undefined) return void request.socket.destroy();
    serveRequest(request, response, handler, upgrade, pools).catch((error: unknown) => {
      log.error("a request could not be served", { error: String(error) });
      request.socket.destroy();
    });
  };
  server.on("request", take);
  // The destination decides whether the body should come: its 100 is passed on.
  server.on("checkContinue", take);
  server.on("upgrade", (request: IncomingMessage, socket: Socket, head: Buffer) => {
    const response = new ServerResponse(request);
    response.assignSocket(socket);
    response.shouldKeepAlive = false;
    response.once("finish", () => socket.destroySoon());
    socket.on("error", () => socket.destroy());
    take(request, response, { protocol: request.headers.upgrade ?? "", socket, head });
  });

  return {
    serve: ({ socket }: Connection, handler) => {
      handlers.set(socket, handler);
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
      server.emit("connection", socket);
    },
    retain: (keys) => pools.retain(keys),
    close: () => {
      closed.abort(new Error("the sidecar ends"));
      pools.retain(new Set());
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

function createServer(): Server {
  const server = new Server({
    headersTimeout: HEAD_TIMEOUT,
    keepAliveTimeout: CALLER_IDLE_TIMEOUT,
    // No limit for a whole request: an upload may take its time.
    requestTimeout: 0,
    connectionsCheckingInterval: 2_000,
    shouldUpgradeCallback: mayUpgrade,
  });
  // A caller that closes its sending side after a complete request still gets its response.
  Object.assign(server, { httpAllowHalfOpen: true });
  // The check for slow request heads starts with this event, which a server that never listens does not emit.
  server.emit("listening");
  return server;
}

async function serveRequest(
  request: IncomingMessage,
  response: ServerResponse,
  handler: RequestHandler,
  upgrade: Upgrade | undefined,
  pools: Pools,
): Promise<void> {
  using exchange = handler(readHead(request));
  const transaction = beginTransaction(request, response, exchange, upgrade);
  const refusal = refuseRequest(request);
  const outcome = refusal ?? (await send(transaction, pools));
  if (transaction.gone.aborted) return abandon(outcome);
  if (typeof outcome === "string") return await answerFailure(transaction, outcome);
  if (outcome.kind === "response") {
    return await relayResponse(transaction, outcome.request, outcome.response);
  }
  if (upgrade === undefined) {
    outcome.socket.destroy();
    return await answerFailure(transaction, "RESPONSE_MALFORMED");
  }
  await relayUpgrade({ ...transaction, upgrade }, outcome.response, outcome.socket, outcome.head);
}

/** The caller is gone; what its request opened is closed. */
function abandon(outcome: Outcome | FailureCode): void {
  if (typeof outcome === "string" || outcome.kind === "failed") return;
  if (outcome.kind === "upgraded") outcome.socket.destroy();
  else outcome.request.destroy();
}

/** Tries the destinations in order for as long as another try is safe; the code of the last failure when none answered. */
async function send(
  transaction: Transaction,
  pools: Pools,
): Promise<Exclude<Outcome, FailedAttempt> | FailureCode> {
  const { head, exchange, body, gone } = transaction;
  const rest = [...exchange.destinations];
  let destination = rest.shift();
  let code: FailureCode = "NO_HEALTHY_ENDPOINT";
  let fresh = false;
  for (let sent = 0; destination !== undefined && sent < MAX_SENT && !gone.aborted; ) {
    const outcome = await attempt(transaction, choosePool(pools, destination, transaction, fresh));
    if (outcome.kind !== "failed") return outcome;
    code = outcome.code;
    if (outcome.sent && !FAILURES[code].neverReached) sent += 1;
    if (!mayRepeat({ method: head.method, code, replayable: body.replayable })) break;
    // A connection that was idle says nothing about its peer: the same one is asked again, on a new connection.
    fresh = outcome.reused;
    if (!fresh) destination = rest.shift();
  }
  return code;
}

function choosePool(
  pools: Pools,
  destination: Destination,
  { head }: Transaction,
  fresh: boolean,
): DestinationPool {
  const risky = destination.closesIdle && !isIdempotent(head.method);
  return fresh || risky ? pools.fresh(destination) : pools.reusing(destination);
}
