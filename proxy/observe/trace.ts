// The trace that a request belongs to. Little is kept of it: its ids stand in the head that was sent, and hardly anybody
// ever asks for them.
import type { TraceIds } from "../configuration/observed-request.ts";
import { idsIn } from "./trace-line.ts";

/** One request's. */
export class Trace {
  /** Field lines for the next one; valid until the next trace is begun. */
  readonly lines: Buffer;
  readonly sampled: boolean;
  /** The span of whoever sent the request, two words of 32 bits; two times 0 for none. */
  readonly #parentHigh: number;
  readonly #parentLow: number;
  readonly #state: string;

  /** `state`: `tracestate` as it came. */
  constructor(
    lines: Buffer,
    sampled: boolean,
    parentHigh: number,
    parentLow: number,
    state: string,
  ) {
    this.lines = lines;
    this.sampled = sampled;
    this.#parentHigh = parentHigh;
    this.#parentLow = parentLow;
    this.#state = state;
  }

  /** For those who look. `sentHead`: the request's, with the lines in it. `kept`: it becomes a span. */
  ids(sentHead: string, kept: boolean): TraceIds {
    const begun = this.#parentHigh === 0 && this.#parentLow === 0;
    const parentId = begun ? "" : wordText(this.#parentHigh) + wordText(this.#parentLow);
    return { ...idsIn(sentHead), parentId, state: this.#state, kept };
  }
}

function wordText(word: number): string {
  return (word >>> 0).toString(16).padStart(8, "0");
}
