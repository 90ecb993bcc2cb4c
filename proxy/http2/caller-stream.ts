// One request of an HTTP/2 caller and its response, on a stream of Node's. The way a stream ends is Node's `close` alone:
// whatever happened, it comes once and last.
import type { ServerHttp2Stream } from "node:http2";
import { FAILURE_FIELD, type LocalAnswer } from "../failures.ts";
import type { Exchanges, RequestHandler } from "../http/exchanges.ts";
import { describeViolation } from "../http/refusal.ts";
import { bodyLines } from "../http/response-writer.ts";
import {
  type Ending,
  NO_TRAILERS,
  type OpenExchange,
  type ResponseSink,
  type Trailers,
} from "../http/streams.ts";
import { MessageHead } from "../http1/message-head.ts";
import type { Violation } from "../http1/violation.ts";
import { breakOffStream } from "./break-off.ts";
import {
  appendFields,
  DROPPED_FROM_RESPONSES,
  type FieldPairs,
  fieldObject,
  linePairs,
  readTrailers,
  trailerObject,
} from "./field-pairs.ts";
import { grpcFailureFields } from "./grpc-failure.ts";
import { isGrpc } from "./grpc-status.ts";
import { readRequestFields } from "./head-text.ts";
import { NO_ERROR } from "./node-http2.ts";
import { PeerEnd } from "./peer-end.ts";

/** Dates are the destination's. */
const WITH_BODY = { sendDate: false, waitForTrailers: true } as const;
const WITH_LENGTH = { sendDate: false, endStream: false } as const;
const WITHOUT_BODY = { sendDate: false, endStream: true } as const;

const NOTHING = Buffer.alloc(0);

/** Shared by all: a head is used up before the call that read it returns. */
const head = new MessageHead();

/** What the streams of one connection share. */
export interface CallerSession {
  readonly exchanges: Exchanges;
  readonly handler: RequestHandler;
  /** Tells the caller to go elsewhere with its next requests. */
  drain(): void;
}

export class CallerStream implements ResponseSink {
  readonly #stream: ServerHttp2Stream;
  readonly #session: CallerSession;
  readonly #grpc: boolean;
  readonly #peerEnd: PeerEnd;
  /** Gone when it is over, or the caller is. */
  #exchange: OpenExchange | undefined;
  #requestEnded = false;
  #requestTrailers: Trailers = NO_TRAILERS;
  #responseTrailers: Trailers = NO_TRAILERS;

  constructor(stream: ServerHttp2Stream, session: CallerSession, contentType: string | undefined) {
    this.#stream = stream;
    this.#session = session;
    this.#grpc = isGrpc(contentType);
    // Node tells of a stream only when it has read on: a whole request may have arrived by now.
    this.#peerEnd = new PeerEnd(stream, stream.endAfterHeaders || stream.state.remoteClose === 1);
    stream
      .on("aborted", () => this.#leave())
      .on("close", () => this.#leave())
      .on("drain", () => this.#exchange?.resume())
      .on("wantTrailers", () => this.#sendTrailers());
  }

  /** Takes the request up. */
  begin(pairs: FieldPairs): void {
    const { exchanges, handler } = this.#session;
    const ended = this.#stream.endAfterHeaders;
    this.#requestEnded = ended;
    const violation = readRequestFields(head, pairs, ended);
    if (violation !== undefined) {
      this.#refuse(violation);
      return;
    }
    this.#exchange = exchanges.open(head, this, handler, true);
    if (ended) this.#stream.resume();
    else this.#receiveBody();
    this.#pass(NOTHING, ended ? NO_TRAILERS : undefined);
  }

  inform(interim: MessageHead): void {
    if (this.#gone || this.#stream.headersSent) return;
    this.#stream.additionalHeaders(fieldObject(responsePairs(interim)));
  }

  respond(
    response: MessageHead,
    closing: boolean,
    bytes: Buffer,
    start: number,
    end: number,
    ending: Ending,
  ): boolean {
    if (this.#gone) return true;
    if (closing) this.#session.drain();
    const pairs = responsePairs(response);
    if (ending !== undefined && ending.length === 0 && start === end) {
      this.#stream.respond(pairs, WITHOUT_BODY);
      this.#end(ending);
      this.#stopRequest();
      return true;
    }
    this.#stream.respond(pairs, WITH_BODY);
    return this.data(bytes, start, end, ending);
  }

  data(bytes: Buffer, start: number, end: number, ending: Ending): boolean {
    // Node has ended the stream by itself when there must not be a body (HEAD, 204, 205, 304).
    if (this.#gone) return true;
    const { writableEnded } = this.#stream;
    const copied =
      end > start && !writableEnded ? Buffer.from(bytes.subarray(start, end)) : NOTHING;
    const room = copied.length === 0 || this.#stream.write(copied);
    if (ending !== undefined) this.#end(ending);
    return room;
  }

  fail(answer: LocalAnswer): void {
    this.#answer(answer);
  }

  resumeRequest(): void {
    this.#stream.resume();
  }

  get #gone(): boolean {
    return this.#stream.closed || this.#stream.destroyed;
  }

  #receiveBody(): void {
    this.#stream
      .on("data", (chunk: Buffer) => this.#pass(chunk, undefined))
      .on("trailers", (_fields, _flags, pairs) => this.#keepTrailers(pairs))
      .on("end", () => this.#endRequest());
  }

  #pass(bytes: Buffer, ending: Ending): void {
    // After the response nobody wants the rest of the request; it is read so that the stream can end.
    if (this.#exchange?.data(bytes, 0, bytes.length, ending) === false) this.#stream.pause();
  }

  #keepTrailers(pairs: FieldPairs): void {
    const trailers = readTrailers(pairs);
    if (trailers === undefined) breakOffStream(this.#stream);
    else this.#requestTrailers = trailers;
  }

  #endRequest(): void {
    // A reset, too, ends what can be read.
    if (!this.#peerEnd.complete || this.#stream.rstCode !== NO_ERROR) return;
    this.#requestEnded = true;
    this.#pass(NOTHING, this.#requestTrailers);
  }

  #refuse(violation: Violation): void {
    const refusal = describeViolation(violation);
    this.#session.handler.refused(refusal);
    this.#stream.resume();
    this.#answer({ ...refusal, fields: "" });
  }

  #answer(answer: LocalAnswer): void {
    const { code, status, fields, text } = answer;
    if (this.#gone) return;
    if (this.#stream.headersSent) {
      this.#exchange = undefined;
      breakOffStream(this.#stream);
      return;
    }
    if (this.#session.handler.closing) this.#session.drain();
    if (this.#grpc && code !== undefined) {
      const pairs = [...grpcFailureFields(code, status, text), ...linePairs(fields)];
      this.#stream.respond([":status", "200", ...pairs, FAILURE_FIELD, code], WITHOUT_BODY);
    } else {
      const failure = code === undefined ? [] : [FAILURE_FIELD, code];
      const lines = linePairs(`${bodyLines(answer)}${fields}`);
      this.#stream.respond([":status", String(status), ...failure, ...lines], WITH_LENGTH);
      // Node ends the stream by itself after HEAD.
      if (!this.#stream.writableEnded) this.#stream.write(text);
    }
    this.#end(NO_TRAILERS);
    this.#stopRequest();
  }

  /** The response is complete. */
  #end(trailers: Trailers): void {
    this.#exchange = undefined;
    this.#responseTrailers = trailers;
    this.#stream.end();
    this.#stream.resume();
  }

  #sendTrailers(): void {
    this.#stream.sendTrailers(trailerObject(this.#responseTrailers));
    this.#stopRequest();
  }

  /** Once the response is out, the caller need not send the rest of its request (RFC 9113 §8.1). */
  #stopRequest(): void {
    if (this.#requestEnded) return;
    const stream = this.#stream;
    // Node sends trailers in an immediate of its own, which was asked for before this one.
    const stop = (): void => void setImmediate(() => stream.close(NO_ERROR));
    if (stream.writableFinished) stop();
    else stream.once("finish", stop);
  }

  /** The caller is gone, or all is done. */
  #leave(): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    exchange?.abort();
  }
}

function responsePairs(response: MessageHead): string[] {
  const pairs = [":status", String(response.status)];
  appendFields(pairs, response, DROPPED_FROM_RESPONSES);
  return pairs;
}
