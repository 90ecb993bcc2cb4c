// Both neighbours of a link, in place of the real ones: exchanges that do what a test says, and a listener that remembers.
import { FAILURES, type FailureCode, type LocalAnswer } from "../../../proxy/failures.ts";
import type { Exchanges, RequestHandler } from "../../../proxy/http/exchanges.ts";
import type { Refusal } from "../../../proxy/http/refusal.ts";
import {
  type Ending,
  NO_TRAILERS,
  type OpenExchange,
  type OutgoingRequest,
  type RequestStream,
  type ResponseSink,
  type StreamFailure,
  type StreamListener,
} from "../../../proxy/http/streams.ts";
import { METHOD, MessageHead, type Method } from "../../../proxy/http1/message-head.ts";
import { parseRequestHead } from "../../../proxy/http1/parse-request.ts";
import { parseResponseHead } from "../../../proxy/http1/parse-response.ts";
import { HEAD_LIMITS } from "../../../proxy/http1/violation.ts";

const NOTHING = Buffer.alloc(0);

/** A handler that links tell of refusals, and ask for `closing`. */
export class StubHandler implements RequestHandler {
  closing = false;
  readonly refusals: FailureCode[] = [];

  plan(): never {
    throw new Error("scripted exchanges need no plan");
  }

  review(): undefined {}

  finished(): void {}

  refused({ code }: Refusal): void {
    this.refusals.push(code);
  }
}

/** A failure as exchanges report it. */
export function failureAnswer(code: FailureCode): LocalAnswer {
  return { code, status: FAILURES[code].status, fields: "", text: "" };
}

export function headOfResponse(text: string, method: Method = METHOD.GET): MessageHead {
  const head = new MessageHead();
  const bytes = Buffer.from(text, "latin1");
  if (parseResponseHead(head, bytes, 0, bytes.length, HEAD_LIMITS, method) !== bytes.length)
    throw new Error(`no response's head: ${text}`);
  return head;
}

/** One request that has arrived. */
export class ScriptedExchange implements OpenExchange {
  readonly head: string;
  readonly http2: boolean;
  readonly sink: ResponseSink;
  readonly pieces: Buffer[] = [];
  ending: Ending;
  started = 0;
  resumed = 0;
  aborted = 0;
  /** What is answered to data. */
  takes = true;
  readonly #script: (exchange: ScriptedExchange) => void;

  constructor(
    head: string,
    http2: boolean,
    sink: ResponseSink,
    script: (exchange: ScriptedExchange) => void,
  ) {
    this.head = head;
    this.http2 = http2;
    this.sink = sink;
    this.#script = script;
  }

  get body(): Buffer {
    return Buffer.concat(this.pieces);
  }

  get path(): string {
    return this.head.split(" ")[1] ?? "";
  }

  data(bytes: Buffer, start: number, end: number, ending: Ending): boolean {
    this.started += 1;
    if (this.aborted > 0) throw new Error("data after the abort");
    if (this.ending !== undefined) throw new Error("data after the end");
    if (end > start) this.pieces.push(Buffer.from(bytes.subarray(start, end)));
    this.ending = ending === undefined ? undefined : Buffer.from(ending);
    this.#script(this);
    return this.takes;
  }

  resume(): void {
    this.resumed += 1;
  }

  abort(): void {
    this.aborted += 1;
  }

  /** A whole response. */
  answer(text: string, body: Buffer | string = "", trailers: Buffer = NO_TRAILERS): boolean {
    const bytes = Buffer.from(body as string);
    return this.sink.respond(headOfResponse(text), false, bytes, 0, bytes.length, trailers);
  }

  /** The head of a response, perhaps with the first part of its body. */
  begin(text: string, body: Buffer = NOTHING): boolean {
    return this.sink.respond(headOfResponse(text), false, body, 0, body.length, undefined);
  }

  give(body: Buffer | string, ending?: Buffer): boolean {
    const bytes = Buffer.from(body as string);
    return this.sink.data(bytes, 0, bytes.length, ending);
  }
}

/** Exchanges that follow a script: it is called with each piece of a request. */
export class ScriptedExchanges implements Exchanges {
  readonly opened: ScriptedExchange[] = [];
  readonly #script: (exchange: ScriptedExchange) => void;

  constructor(script: (exchange: ScriptedExchange) => void = () => undefined) {
    this.#script = script;
  }

  open(head: MessageHead, sink: ResponseSink, _: RequestHandler, http2: boolean): OpenExchange {
    const text = head.bytes.toString("latin1", head.start, head.end);
    const exchange = new ScriptedExchange(text, http2, sink, this.#script);
    this.opened.push(exchange);
    return exchange;
  }

  at(path: string): ScriptedExchange {
    const found = this.opened.find((each) => each.path === path);
    if (found === undefined) throw new Error(`nobody asked for ${path}`);
    return found;
  }
}

export interface RequestParts {
  readonly body?: Buffer | string;
  /** Undefined: there is more to come. */
  readonly ending?: Ending;
  readonly http2?: boolean;
}

/** A request with everything that follows from its head. */
export function request(
  head: string,
  { body = "", ending = NO_TRAILERS, http2 = false }: RequestParts = {},
): OutgoingRequest {
  const headBytes = Buffer.from(head, "latin1");
  const bytes = Buffer.concat([headBytes, Buffer.from(body as string)]);
  const parsed = new MessageHead();
  if (parseRequestHead(parsed, headBytes, 0, headBytes.length, HEAD_LIMITS) !== headBytes.length)
    throw new Error(`no request's head: ${head}`);
  return {
    ...{ bytes, headEnd: headBytes.length, bodyEnd: bytes.length, ending, http2 },
    ...{ method: parsed.method, framing: parsed.framing, contentLength: parsed.contentLength },
    ...{ upgrade: parsed.upgrade, expectsContinue: parsed.expectsContinue },
  };
}

export function get(path: string): OutgoingRequest {
  return request(`GET ${path} HTTP/1.1\r\nhost: orders\r\n\r\n`);
}

/** Of a body in chunks, which more of follows. */
export function beginPost(path: string): OutgoingRequest {
  const head = `POST ${path} HTTP/1.1\r\nhost: orders\r\ntransfer-encoding: chunked\r\n\r\n`;
  return { ...request(head), ending: undefined };
}

/** What became of one try. */
export class Try implements StreamListener {
  readonly interim: number[] = [];
  readonly pieces: Buffer[] = [];
  stream: RequestStream | undefined;
  head = "";
  status = 0;
  ending: Ending;
  failure: StreamFailure | undefined;
  ready = 0;
  writable = 0;
  /** What is answered to data. */
  takes = true;
  /** Sent as soon as possible. */
  #request: OutgoingRequest | undefined;

  constructor(toSend?: OutgoingRequest) {
    this.#request = toSend;
  }

  get body(): Buffer {
    return Buffer.concat(this.pieces);
  }

  get over(): boolean {
    return this.ending !== undefined || this.failure !== undefined;
  }

  get code(): FailureCode | undefined {
    return this.failure?.code;
  }

  /** Begins the try. */
  on(link: { openStream(listener: StreamListener): RequestStream }): this {
    this.stream = link.openStream(this);
    if (this.stream.ready) this.#send();
    return this;
  }

  onReady(): void {
    this.ready += 1;
    this.#send();
  }

  onWritable(): void {
    this.writable += 1;
  }

  onInformation(head: MessageHead): void {
    this.interim.push(head.status);
  }

  onResponse(
    head: MessageHead,
    bytes: Buffer,
    start: number,
    end: number,
    ending: Ending,
  ): boolean {
    if (this.status !== 0) throw new Error("a second response");
    this.status = head.status;
    this.head = head.bytes.toString("latin1", head.start, head.end);
    return this.onData(bytes, start, end, ending);
  }

  onData(bytes: Buffer, start: number, end: number, ending: Ending): boolean {
    if (this.over) throw new Error("data after the end");
    if (end > start) this.pieces.push(Buffer.from(bytes.subarray(start, end)));
    this.ending = ending === undefined ? undefined : Buffer.from(ending);
    return this.takes;
  }

  onFailed(failure: StreamFailure): void {
    if (this.failure !== undefined) throw new Error("a second failure");
    this.failure = failure;
  }

  #send(): void {
    const sent = this.#request;
    this.#request = undefined;
    if (sent !== undefined) this.stream?.send(sent);
  }
}
