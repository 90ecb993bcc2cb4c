// A request's try at a destination to which a connection is only being opened.
import type { FailureCode } from "../failures.ts";
import type { Ending, OutgoingRequest, RequestStream, StreamListener } from "./streams.ts";

export class WaitingStream implements RequestStream {
  readonly listener: StreamListener;
  #stream: RequestStream | undefined;
  #aborted = false;

  constructor(listener: StreamListener) {
    this.listener = listener;
  }

  get ready(): boolean {
    return this.#stream?.ready ?? false;
  }

  /** Whether it still wants a connection. */
  get waiting(): boolean {
    return this.#stream === undefined && !this.#aborted;
  }

  /** The connection stands. */
  attach(stream: RequestStream): void {
    this.#stream = stream;
    if (stream.ready) this.listener.onReady();
  }

  /** No connection came about. */
  fail(code: FailureCode): void {
    if (!this.waiting) return;
    this.#aborted = true;
    this.listener.onFailed({ code, sent: false, reused: false });
  }

  send(request: OutgoingRequest): boolean {
    return this.#stream?.send(request) ?? false;
  }

  data(bytes: Buffer, start: number, end: number, ending: Ending): boolean {
    return this.#stream?.data(bytes, start, end, ending) ?? false;
  }

  resume(): void {
    this.#stream?.resume();
  }

  abort(): void {
    this.#aborted = true;
    this.#stream?.abort();
  }
}
