// The response on its way to the caller: what a destination answered, or what the mesh answers in its place.
import type { ClientRequest, IncomingMessage, ServerResponse } from "node:http";
import { FAILURE_FIELD, FAILURES, type FailureCode } from "../../failures.ts";
import { responseFields, trailerPairs } from "../fields.ts";
import type { Transaction } from "./transaction.ts";

/** Milliseconds for which the rest of a request is read after its response, see {@link settleRequest}. */
const LINGER = 1_000;

/** Streams a destination's response. Resolves when the caller has it, or when either side broke off. */
export async function relayResponse(
  transaction: Transaction,
  upstream: ClientRequest,
  source: IncomingMessage,
): Promise<void> {
  const { response, body } = transaction;
  body.release();
  response.sendDate = false;
  response.writeHead(source.statusCode ?? 502, source.statusMessage ?? "", [
    ...responseFields(source.rawHeaders),
    ...closingFields(transaction),
  ]);
  await copyBody(source, response);
  if (response.destroyed) {
    upstream.destroy();
    return;
  }
  const trailers = trailerPairs(source.rawTrailers);
  if (trailers.length > 0) response.addTrailers(trailers);
  await settleRequest(transaction);
  await end(response);
}

/** Answers in place of a destination; breaks off when a response has begun already. */
export async function answerFailure(transaction: Transaction, code: FailureCode): Promise<void> {
  const { response, exchange } = transaction;
  exchange.failed(code);
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const text = `docker-mesh: ${FAILURES[code].describe(exchange.service)}\n`;
  response.writeHead(FAILURES[code].status, [
    ...["Content-Type", "text/plain; charset=utf-8"],
    ...["Content-Length", String(Buffer.byteLength(text))],
    ...[FAILURE_FIELD, code],
    ...closingFields(transaction),
  ]);
  response.write(text);
  await settleRequest(transaction);
  await end(response);
}

/**
 * Tells the caller that its connection ends: because we are draining, or because it is still sending the body of a
 * request that is answered already, so that the next request could not be told from it (RFC 9112 §9.3).
 */
function closingFields({ exchange, body }: Transaction): string[] {
  return exchange.closing() || !body.complete ? ["Connection", "close"] : [];
}

/** Resolves when the source has ended, or when the response is destroyed: also because the source broke off. */
function copyBody(source: IncomingMessage, response: ServerResponse): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  // The head goes out with the first piece of the body if there is one by now, and alone otherwise.
  const flush = setImmediate(() => response.flushHeaders());
  source.once("data", () => clearImmediate(flush));
  source.once("end", resolve);
  // A body cut short must not look complete: without a proper end the caller sees that it is.
  source.on("error", () => response.destroy());
  source.once("close", () => {
    if (!source.readableEnded) response.destroy();
  });
  response.once("close", resolve);
  source.pipe(response, { end: false });
  return promise.finally(() => clearImmediate(flush));
}

/**
 * When the response is complete before the request is, what is still coming is read and thrown away for a moment:
 * closing a connection with unread data resets it, and the reset could overtake the response.
 */
async function settleRequest({ request, body, gone }: Transaction): Promise<void> {
  const neverAskedFor = request.headers.expect !== undefined && !body.begun;
  if (body.complete || neverAskedFor) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, LINGER);
  request.once("end", resolve).once("close", resolve);
  gone.addEventListener("abort", () => resolve(), { once: true });
  body.discard();
  await promise;
  clearTimeout(timer);
}

function end(response: ServerResponse): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (response.destroyed) return Promise.resolve();
  response.once("close", resolve);
  response.end();
  return promise;
}
