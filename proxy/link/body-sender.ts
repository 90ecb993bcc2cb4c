// One direction of one stream, on its way out: as much of the body as the peer has granted room for goes into frames, the
// rest waits here.
import type { Ending, Trailers } from "../http/streams.ts";
import type { Output } from "../transport/output.ts";
import { FLAG, FRAME, type FrameType, MAX_DATA, MAX_TRAILERS, MAX_WINDOW } from "./frames.ts";
import { HeldBytes } from "./held-bytes.ts";

const LINE_END = Buffer.from("\r\n");

/** Where frames go: the link. */
export interface FrameSink {
  /** So much is composed already that bodies have to wait. */
  readonly congested: boolean;
  /** Writes a frame's header; the caller appends just `length` bytes. */
  frame(type: FrameType, flags: number, stream: number, length: number): Output;
  /** Has `proceed` called on it, in turn, when the link is not congested any more. */
  awaitRoom(sender: BodySender): void;
}

/** Whoever gives the body. */
export interface BodySource {
  /** There is room again, after it was told to wait. */
  onRoom(): void;
  /** All of the body is composed, its end too. */
  onSent(): void;
}

/** Whether trailers fit into their frame. */
export function fitsFrame(ending: Ending): boolean {
  return ending === undefined || ending.length + LINE_END.length <= MAX_TRAILERS;
}

export class BodySender {
  readonly #link: FrameSink;
  readonly #source: BodySource;
  #stream = 0;
  /** Bytes that may still be sent. */
  #credit = 0;
  #held: HeldBytes | undefined;
  #ending: Ending;
  /** The source was told to wait. */
  #sourceWaits = false;
  /** It is in the link's queue. */
  #queued = false;
  /** The end has been composed. */
  ended = false;

  constructor(link: FrameSink, source: BodySource) {
    this.#link = link;
    this.#source = source;
  }

  begin(stream: number, credit: number): void {
    this.#stream = stream;
    this.#credit = credit;
  }

  /** Whether so much of the body may go out in the frame of its head; it is spent then. */
  spend(size: number): boolean {
    if (size > this.#credit || size > MAX_DATA || this.#link.congested) return false;
    this.#credit -= size;
    return true;
  }

  /** Nothing follows: the whole message was in its head, or nobody wants the rest. */
  end(): void {
    this.ended = true;
    this.#held = undefined;
  }

  /** Bytes that wait here. */
  get held(): number {
    return this.#held?.length ?? 0;
  }

  /** False: no more, please, until the source is told. */
  send(bytes: Buffer, start: number, end: number, ending: Ending): boolean {
    if (this.ended || this.#ending !== undefined) return true;
    this.#ending = ending;
    const at = this.held > 0 ? start : this.#compose(bytes, start, end);
    if (at < end) this.#hold(bytes, at, end);
    if (ending === undefined) return this.#hasRoom();
    if (this.held === 0) this.#finish();
    return true;
  }

  /** The peer grants more; false when that is more than there can be. */
  grant(credit: number): boolean {
    this.#credit += credit;
    if (this.#credit > MAX_WINDOW) return false;
    this.#proceed();
    return true;
  }

  /** The link has room, and this sender was the next in its queue. */
  onRoom(): void {
    this.#queued = false;
    this.#proceed();
  }

  #proceed(): void {
    if (this.ended) return;
    const held = this.#held;
    if (held !== undefined && held.length > 0) {
      const { bytes, start } = held;
      held.drop(this.#compose(bytes, start, start + held.length) - start);
      if (held.length > 0) this.#queueIfCongested();
      else if (this.#ending !== undefined) this.#finish();
    }
    if (!this.#sourceWaits || this.ended || !this.#hasRoom()) return;
    this.#sourceWaits = false;
    this.#source.onRoom();
  }

  #hold(bytes: Buffer, start: number, end: number): void {
    this.#held ??= new HeldBytes();
    this.#held.append(bytes, start, end);
    this.#queueIfCongested();
  }

  /** Whether more can be sent; if not, the source will be told. */
  #hasRoom(): boolean {
    if (this.#credit > 0 && this.held === 0 && !this.#link.congested) return true;
    this.#sourceWaits = true;
    this.#queueIfCongested();
    return false;
  }

  /** The peer's grants come by themselves; for the link one queues. */
  #queueIfCongested(): void {
    if (!this.#link.congested || this.#queued || this.#credit === 0) return;
    this.#queued = true;
    this.#link.awaitRoom(this);
  }

  /** Returns the first byte that has to wait. */
  #compose(bytes: Buffer, start: number, end: number): number {
    const link = this.#link;
    const ending = this.#ending;
    let at = start;
    while (at < end && this.#credit > 0 && !link.congested) {
      const size = Math.min(end - at, this.#credit, MAX_DATA);
      const isLast = ending !== undefined && ending.length === 0 && at + size === end;
      const output = link.frame(FRAME.DATA, isLast ? FLAG.END : 0, this.#stream, size);
      output.append(bytes, at, at + size);
      this.#credit -= size;
      at += size;
      if (isLast) this.#sent();
    }
    return at;
  }

  #finish(): void {
    const trailers = this.#ending;
    if (this.ended || trailers === undefined) return;
    if (trailers.length === 0) this.#link.frame(FRAME.DATA, FLAG.END, this.#stream, 0);
    else this.#composeTrailers(trailers);
    this.#sent();
  }

  #composeTrailers(trailers: Trailers): void {
    const size = trailers.length + LINE_END.length;
    const output = this.#link.frame(FRAME.TRAILERS, 0, this.#stream, size);
    output.append(trailers, 0, trailers.length);
    output.append(LINE_END, 0, LINE_END.length);
  }

  #sent(): void {
    this.ended = true;
    this.#source.onSent();
  }
}
