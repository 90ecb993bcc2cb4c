// A copy of a request on its way to somewhere else, whose response nobody sees. It must never slow the original down: what
// its destination does not take in time is kept up to a limit, and beyond it the copy is given up. Nor does it outlive the
// original for long: one that is never answered, or endlessly, would stay for good, and the next ones with it.
import type { MessageHead } from "../http1/message-head.ts";
import type { RequestHandler } from "./exchanges.ts";
import type { RequestPlan } from "./plan.ts";
import { REPLAY_LIMIT } from "./request-record.ts";
import type { Ending, OpenExchange, ResponseSink } from "./streams.ts";

/** The copy, as the exchange of the original sees it. */
export interface CopiedRequest {
  /** More of the body; also when there is none. */
  pass(bytes: Buffer, start: number, end: number, ending: Ending): void;
  /** The original is over: nothing more will come. */
  leave(): void;
  /** Nobody waits for the original any more. */
  giveUp(): void;
}

export interface CopyLimits {
  /** Copies at once; requests beyond are not copied. */
  readonly inFlight: number;
  /** Milliseconds for which a copy may outlive its original. */
  readonly grace: number;
}

const LIMITS: CopyLimits = { inFlight: 256, grace: 10_000 };

/** Those under way in one sidecar. */
export class Copies {
  readonly limits: CopyLimits;
  #count = 0;

  constructor(limits: CopyLimits = LIMITS) {
    this.limits = limits;
  }

  /** Whether there may be another one. */
  get full(): boolean {
    return this.#count >= this.limits.inFlight;
  }

  enter(): void {
    this.#count += 1;
  }

  leave(): void {
    this.#count -= 1;
  }
}

/** A part of the body that waits. */
interface Held {
  readonly bytes: Buffer;
  readonly ending: Ending;
}

export class MirroredExchange implements CopiedRequest, ResponseSink, RequestHandler {
  readonly closing = false;
  readonly #copies: Copies;
  readonly #exchange: OpenExchange;
  #held: Held[] = [];
  #heldBytes = 0;
  #blocked = false;
  #whole = false;
  #over = false;
  #timer: NodeJS.Timeout | undefined;

  /** `open` takes the copy up, with this object on its caller's side. */
  constructor(copies: Copies, open: (copy: MirroredExchange) => OpenExchange) {
    this.#copies = copies;
    copies.enter();
    this.#exchange = open(this);
  }

  pass(bytes: Buffer, start: number, end: number, ending: Ending): void {
    if (this.#over || this.#whole) return;
    this.#whole = ending !== undefined;
    if (!this.#blocked) {
      this.#blocked = !this.#exchange.data(bytes, start, end, ending);
      return;
    }
    this.#heldBytes += end - start;
    if (this.#heldBytes > REPLAY_LIMIT) this.giveUp();
    else this.#held.push({ bytes: Buffer.from(bytes.subarray(start, end)), ending });
  }

  leave(): void {
    if (!this.#whole) this.giveUp();
    else if (!this.#over) {
      // It holds no process back.
      this.#timer = setTimeout(() => this.giveUp(), this.#copies.limits.grace).unref();
    }
  }

  giveUp(): void {
    if (!this.#over) this.#exchange.abort();
  }

  resumeRequest(): void {
    this.#blocked = false;
    while (!this.#blocked) {
      const next = this.#held.shift();
      if (next === undefined) return;
      this.#heldBytes -= next.bytes.length;
      this.#blocked = !this.#exchange.data(next.bytes, 0, next.bytes.length, next.ending);
    }
  }

  inform(): void {}

  respond(): boolean {
    return true;
  }

  data(): boolean {
    return true;
  }

  fail(): void {}

  plan(_head: MessageHead): RequestPlan {
    throw new Error("the plan of a copy is part of the original's");
  }

  /** What is thrown away needs no permission. */
  review(): undefined {}

  refused(): void {}

  finished(): void {
    this.#over = true;
    this.#held = [];
    clearTimeout(this.#timer);
    this.#copies.leave();
  }
}
