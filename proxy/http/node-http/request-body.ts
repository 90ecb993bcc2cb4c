// The body of a request on its way to a destination, with its beginning kept for as long as the request might have to
// be sent again.
import type { ClientRequest, IncomingMessage } from "node:http";
import { trailerPairs } from "../fields.ts";

/** Bytes of a body that are kept for another try; a longer one is sent once. */
const REPLAY_LIMIT = 65_536;

export class RequestBody {
  readonly #source: IncomingMessage;
  readonly #present: boolean;
  #kept: Buffer[] | undefined = [];
  #seenBytes = 0;
  #detach: (() => void) | undefined;

  /** `present` is false for a request whose framing announces no body. */
  constructor(source: IncomingMessage, present: boolean) {
    this.#source = source;
    this.#present = present;
  }

  get present(): boolean {
    return this.#present;
  }

  /** Whether a sink attached now would get the whole body. */
  get replayable(): boolean {
    return this.#kept !== undefined;
  }

  /** Whether the caller has sent all of it. */
  get complete(): boolean {
    return !this.#present || this.#source.readableEnded;
  }

  /** Whether any of it has arrived. */
  get begun(): boolean {
    return this.#seenBytes > 0;
  }

  /** Sends the body from its start into a sink, in place of an earlier one. */
  attach(sink: ClientRequest): void {
    this.detach();
    for (const chunk of this.#kept ?? []) sink.write(chunk);
    if (this.complete) {
      this.#finish(sink);
      return;
    }
    const onData = (chunk: Buffer): void => {
      this.#keep(chunk);
      if (!sink.write(chunk)) this.#source.pause();
    };
    const onEnd = (): void => this.#finish(sink);
    const onDrain = (): void => void this.#source.resume();
    this.#source.on("data", onData).once("end", onEnd);
    sink.on("drain", onDrain);
    this.#detach = () => {
      this.#source.off("data", onData).off("end", onEnd).pause();
      sink.off("drain", onDrain);
    };
    this.#source.resume();
  }

  detach(): void {
    this.#detach?.();
    this.#detach = undefined;
  }

  /** The response has begun: nothing will be sent again. */
  release(): void {
    this.#kept = undefined;
  }

  /** Reads what is left of the body without keeping it. */
  discard(): void {
    this.release();
    this.detach();
    this.#source.resume();
  }

  #keep(chunk: Buffer): void {
    this.#seenBytes += chunk.length;
    if (this.#seenBytes > REPLAY_LIMIT) this.#kept = undefined;
    this.#kept?.push(chunk);
  }

  #finish(sink: ClientRequest): void {
    const trailers = trailerPairs(this.#source.rawTrailers);
    if (trailers.length > 0) sink.addTrailers(trailers);
    sink.end();
  }
}
