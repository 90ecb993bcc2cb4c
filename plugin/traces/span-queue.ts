// Spans that wait to be sent, each as the text it will be sent as, so that it is known how much they are. Bounded.

export interface WaitingSpan {
  /** JSON: the attributes of who tells it, the same text for all of a workload; and the span. */
  readonly resource: string;
  readonly span: string;
  /** Monotonic, ms: when it was told. */
  readonly at: number;
}

/** Spans, and characters of them. */
const MOST = 8_192;
const MOST_CHARACTERS = 8 * 1024 * 1024;
/** Of one request. */
export const BATCH = 512;
const BATCH_CHARACTERS = 1024 * 1024;

export class SpanQueue {
  #spans: WaitingSpan[] = [];
  #characters = 0;

  get size(): number {
    return this.#spans.length;
  }

  /** Whether there is enough for one request. */
  get isBatch(): boolean {
    return this.#spans.length >= BATCH || this.#characters >= BATCH_CHARACTERS;
  }

  /** False when there is no room. */
  add(span: WaitingSpan): boolean {
    const characters = span.span.length;
    if (this.#spans.length >= MOST || this.#characters + characters > MOST_CHARACTERS) return false;
    this.#spans.push(span);
    this.#characters += characters;
    return true;
  }

  /** The oldest, as many as go into one request; empty when there are none. */
  take(): readonly WaitingSpan[] {
    let characters = 0;
    let count = 0;
    for (const { span } of this.#spans) {
      if (count === BATCH || (count > 0 && characters + span.length > BATCH_CHARACTERS)) break;
      characters += span.length;
      count += 1;
    }
    this.#characters -= characters;
    return this.#spans.splice(0, count);
  }
}
