// One request of a caller and everything its stages share.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { FailureCode } from "../../failures.ts";
import { announcesBody, fieldValues, hasForeignCoding } from "../fields.ts";
import type { Exchange, RequestHead } from "../forwarder.ts";
import { RequestBody } from "./request-body.ts";

/** A caller's connection that waits for a switch of protocols. */
export interface Upgrade {
  readonly protocol: string;
  readonly socket: Socket;
  /** What the caller sent behind its request. */
  readonly head: Buffer;
}

export interface Transaction {
  readonly head: RequestHead;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly exchange: Exchange;
  readonly body: RequestBody;
  readonly upgrade: Upgrade | undefined;
  /** Aborts when the caller is gone before it has its whole response. */
  readonly gone: AbortSignal;
}

/** The head of a parsed request. */
export function readHead(request: IncomingMessage): RequestHead {
  return {
    method: request.method ?? "GET",
    target: request.url ?? "/",
    fields: request.rawHeaders,
  };
}

/** Why a request is answered before anyone is asked where it should go; undefined for a sound one. */
export function refuseRequest(request: IncomingMessage): FailureCode | undefined {
  // RFC 9112 §3.2: several Host fields could be read differently by us and by the application.
  if (fieldValues(request.rawHeaders, "host").length > 1) return "REQUEST_MALFORMED";
  if (hasForeignCoding(request.rawHeaders)) return "REQUEST_UNSUPPORTED";
  return undefined;
}

/**
 * Milliseconds for which a caller that has closed its sending side may still be waiting for its response. From then on
 * it counts as gone: a closed connection looks the same until something is written, which may be never.
 */
const HALF_CLOSED_GRACE = 1_000;

/** Between sidecars nobody closes one side only, so that the end of the one is the end of the other. */
function watchEnd({ socket }: IncomingMessage, response: ServerResponse): void {
  const grace = socket instanceof TLSSocket ? 0 : HALF_CLOSED_GRACE;
  let timer: NodeJS.Timeout | undefined;
  const onEnd = (): void => {
    timer = setTimeout(() => response.destroy(), grace);
  };
  socket.once("end", onEnd);
  response.once("close", () => {
    socket.off("end", onEnd);
    clearTimeout(timer);
  });
}

/** Takes up a request; its exchange was decided. */
export function beginTransaction(
  request: IncomingMessage,
  response: ServerResponse,
  exchange: Exchange,
  upgrade: Upgrade | undefined,
): Transaction {
  const gone = new AbortController();
  watchEnd(request, response);
  // Writing on after the caller has gone is an error of no interest; `close` tells us.
  response.on("error", () => undefined);
  response.once("close", () => {
    if (!response.writableFinished) gone.abort(new Error("the caller is gone"));
  });
  return {
    head: readHead(request),
    request,
    response,
    exchange,
    body: new RequestBody(request, upgrade === undefined && announcesBody(request.rawHeaders)),
    upgrade,
    gone: gone.signal,
  };
}
