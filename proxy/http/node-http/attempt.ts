// Sending a request to one destination, up to the first part of the response.
import { type ClientRequest, type IncomingMessage, request as openRequest } from "node:http";
import type { Socket } from "node:net";
import { FAILURE_FIELD, FAILURES, type FailureCode, parseFailureCode } from "../../failures.ts";
import { DialError } from "../../transport/dial.ts";
import { fieldValues, hasForeignCoding } from "../fields.ts";
import { relayInformation } from "./information.ts";
import type { DestinationPool } from "./pool.ts";
import { VanishedError, watchSilence } from "./silence.ts";
import type { Transaction } from "./transaction.ts";

/** What came of it. */
export type Outcome =
  | {
      readonly kind: "response";
      readonly request: ClientRequest;
      readonly response: IncomingMessage;
    }
  | {
      readonly kind: "upgraded";
      readonly response: IncomingMessage;
      readonly socket: Socket;
      readonly head: Buffer;
    }
  | FailedAttempt;

export interface FailedAttempt {
  readonly kind: "failed";
  readonly code: FailureCode;
  /** False when no connection came about. */
  readonly sent: boolean;
  /** True when it went over an idle connection, which may have been closing already. */
  readonly reused: boolean;
}

/** Never rejects. When the caller goes away, the request is broken off and the outcome is a failure. */
export function attempt(transaction: Transaction, pool: DestinationPool): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const { head, gone, body } = transaction;
  const request = openRequest({
    agent: pool,
    method: head.method,
    path: head.target,
    headers: requestFields(transaction),
  });
  const silence = watchSilence(request, pool.look);
  void promise.then(() => silence[Symbol.dispose]());
  const onGone = (): void => void request.destroy();
  gone.addEventListener("abort", onGone, { once: true });
  request.once("close", () => {
    gone.removeEventListener("abort", onGone);
    resolve({ kind: "failed", code: "CONNECTION_LOST", sent: true, reused: request.reusedSocket });
  });
  request.once("socket", () => {
    // Without this the head would wait for the first byte of a body that may be long in coming.
    if (body.present) request.flushHeaders();
    body.attach(request);
  });
  request.on("error", (error) => {
    body.detach();
    resolve(describeFailure(transaction, request, error));
  });
  request.on("information", (information) => relayInformation(transaction, information));
  request.once("response", (response) => resolve(judgeResponse(transaction, request, response)));
  request.once("upgrade", (response, socket: Socket, rest) => {
    resolve({ kind: "upgraded", response, socket, head: rest });
  });
  return promise;
}

/** The fields of the exchange and those of our own connection. */
function requestFields({ head, exchange, body, upgrade }: Transaction): string[] {
  const fields = [...exchange.fields];
  if (fieldValues(fields, "host").length === 0) fields.push("Host", exchange.service);
  if (upgrade !== undefined) fields.push("Connection", "Upgrade", "Upgrade", upgrade.protocol);
  const hasLength = fieldValues(fields, "content-length").length > 0;
  if (body.present && !hasLength) fields.push("Transfer-Encoding", "chunked");
  // Node would otherwise announce a chunked body that never comes.
  if (!body.present && !hasLength && SENDS_BODY.has(head.method))
    fields.push("Content-Length", "0");
  return fields;
}

const SENDS_BODY: ReadonlySet<string> = new Set(["POST", "PUT", "PATCH"]);

function describeFailure(
  { exchange }: Transaction,
  request: ClientRequest,
  error: Error & { readonly code?: string },
): FailedAttempt {
  const reused = request.reusedSocket;
  if (error instanceof DialError) {
    return { kind: "failed", code: exchange.unreachable, sent: false, reused };
  }
  const code = error.code ?? "";
  // Its kept connections are as dead as this one: the next try goes elsewhere.
  if (error instanceof VanishedError) {
    return { kind: "failed", code: "CONNECTION_LOST", sent: true, reused: false };
  }
  // TLS 1.3: our handshake is over before the peer has judged our certificate. If it says no, it read nothing of ours.
  if (CERTIFICATE_ALERT.test(code)) {
    return { kind: "failed", code: exchange.unreachable, sent: true, reused };
  }
  const malformed = code.startsWith("HPE_");
  return {
    kind: "failed",
    code: malformed ? "RESPONSE_MALFORMED" : "CONNECTION_LOST",
    sent: true,
    reused,
  };
}

const CERTIFICATE_ALERT =
  /^ERR_SSL_.*_ALERT_(CERTIFICATE_REQUIRED|BAD_CERTIFICATE|CERTIFICATE_EXPIRED|CERTIFICATE_REVOKED|CERTIFICATE_UNKNOWN|UNSUPPORTED_CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED)$/;

/** A response is an outcome too unless it cannot be understood, or a trusted peer says that the mesh failed behind it. */
function judgeResponse(
  { exchange, body }: Transaction,
  request: ClientRequest,
  response: IncomingMessage,
): Outcome {
  const code = hasForeignCoding(response.rawHeaders)
    ? "RESPONSE_MALFORMED"
    : exchange.trustsFailures
      ? peerFailure(response)
      : undefined;
  if (code === undefined) return { kind: "response", request, response };
  body.detach();
  // A failure text is short: reading it frees the connection, but not while the peer still expects a body.
  if (request.writableEnded && code !== "RESPONSE_MALFORMED") response.resume();
  else request.destroy();
  return { kind: "failed", code, sent: true, reused: false };
}

function peerFailure(response: IncomingMessage): FailureCode | undefined {
  const code = parseFailureCode(fieldValues(response.rawHeaders, FAILURE_FIELD)[0]);
  if (code === undefined) return undefined;
  const { status } = FAILURES[code];
  return status >= 500 && status === response.statusCode ? code : undefined;
}
