// One direction of one stream, on its way in: checked against the window and the announced length, passed on at once while it
// is taken, kept while it is not. What is kept is bounded by the window.
import { type Ending, NO_TRAILERS } from "../http/streams.ts";
import { FRAMING, type MessageHead } from "../http1/message-head.ts";
import type { FrameSink } from "./body-sender.ts";
import { FRAME, MAX_DATA, writeNumber } from "./frames.ts";
import { HeldBytes } from "./held-bytes.ts";
import { ReceiveWindow } from "./receive-window.ts";

/** Whoever takes the body. */
export interface BodyTarget {
  /** False: no more until {@link BodyReceiver.resume}. */
  deliver(bytes: Buffer, start: number, end: number, ending: Ending): boolean;
}

/** What is to be thought of data that has arrived. */
export const ARRIVAL = {
  FINE: 0,
  /** More than was granted: the peer is broken. */
  BEYOND_WINDOW: 1,
  /** More or less than the head announced: the message is broken. */
  WRONG_LENGTH: 2,
} as const;
export type Arrival = (typeof ARRIVAL)[keyof typeof ARRIVAL];

/** For bodies of which only their end tells the length. */
export const ANY_LENGTH = -1;

/** How long a message's body has to be by its head. */
export function bodyLength({ framing, contentLength }: MessageHead): number {
  if (framing === FRAMING.NONE) return 0;
  return framing === FRAMING.LENGTH ? contentLength : ANY_LENGTH;
}

export class BodyReceiver {
  readonly #link: FrameSink;
  readonly #target: BodyTarget;
  readonly #window = new ReceiveWindow();
  #stream = 0;
  /** Bytes that have still to come, or {@link ANY_LENGTH}. */
  #expected = 0;
  #paused = false;
  #held: HeldBytes | undefined;
  #ending: Ending;
  /** The peer has sent all. */
  ended = false;
  /** And all of it was delivered. */
  done = false;

  constructor(link: FrameSink, target: BodyTarget) {
    this.#link = link;
    this.#target = target;
  }

  /** `expected` is the body's length in bytes, or {@link ANY_LENGTH}. */
  begin(stream: number, expected: number): void {
    this.#stream = stream;
    this.#expected = expected;
  }

  /** From now on there is no message but another protocol's bytes. */
  becomeTunnel(): void {
    this.#expected = ANY_LENGTH;
  }

  /** Bytes that wait here. */
  get held(): number {
    return this.#held?.length ?? 0;
  }

  arrive(bytes: Buffer, start: number, end: number, ending: Ending): Arrival {
    const size = end - start;
    if (!this.#window.use(size)) return ARRIVAL.BEYOND_WINDOW;
    if (this.done) return this.#ignore(ending);
    if (this.#expected >= 0) {
      if (size > this.#expected) return ARRIVAL.WRONG_LENGTH;
      this.#expected -= size;
      if (ending !== undefined && this.#expected > 0) return ARRIVAL.WRONG_LENGTH;
    }
    this.ended = ending !== undefined;
    if (this.#paused || this.held > 0) this.#hold(bytes, start, end, ending);
    else this.#deliver(bytes, start, end, ending);
    return ARRIVAL.FINE;
  }

  /** Tells the target that the message has begun, of whose body nothing has arrived yet. */
  deliverNothing(): void {
    this.#deliver(NO_TRAILERS, 0, 0, undefined);
  }

  /** The target has room again. True when {@link deliverHeld} has something to do. */
  resume(): boolean {
    if (!this.#paused) return false;
    this.#paused = false;
    if (this.held > 0 || (this.ended && !this.done)) return true;
    this.#grant();
    return false;
  }

  /** Delivers what was kept, until the target has enough again. */
  deliverHeld(): void {
    while (!this.#paused && !this.done) {
      const held = this.#held;
      if (held === undefined || held.length === 0) break;
      const size = Math.min(held.length, MAX_DATA);
      const ending = size === held.length ? this.#ending : undefined;
      this.#deliver(held.bytes, held.start, held.start + size, ending);
      held.drop(size);
    }
    if (!this.#paused && !this.done && this.#ending !== undefined)
      this.#deliver(NO_TRAILERS, 0, 0, this.#ending);
  }

  /** Nobody wants what is still to come, and nothing more is granted. */
  release(): void {
    this.#held = undefined;
    this.done = true;
    this.#window.release();
  }

  #ignore(ending: Ending): Arrival {
    this.ended = ending !== undefined;
    return ARRIVAL.FINE;
  }

  #hold(bytes: Buffer, start: number, end: number, ending: Ending): void {
    if (end > start) {
      this.#held ??= new HeldBytes();
      this.#held.append(bytes, start, end);
    }
    this.#ending = ending;
  }

  #deliver(bytes: Buffer, start: number, end: number, ending: Ending): void {
    this.done = ending !== undefined;
    this.#window.take(end - start);
    const hasRoom = this.#target.deliver(bytes, start, end, ending);
    if (hasRoom) {
      this.#grant();
      return;
    }
    this.#paused = true;
    this.#window.stopGrowing();
  }

  #grant(): void {
    if (this.ended || this.done) return;
    const granted = this.#window.grant(this.#expected);
    if (granted === 0) return;
    const output = this.#link.frame(FRAME.WINDOW, 0, this.#stream, 4);
    writeNumber(output.bytes, output.length, granted);
    output.length += 4;
  }
}
