// Observed requests on their way to the agent: as many as fit, and the number of the others.
import { Latest } from "../../mesh/latest.ts";
import {
  BATCH_LIMIT,
  type ObservedRequest,
  type ObservedRequests,
} from "../configuration/observed-request.ts";

/** Requests; some 0.5 kB each. */
const MOST = 1_024;
/** Of these, what only somebody who looks wants to see: spans find room in any case. */
const MOST_TAPPED = 512;

export class Outbox {
  /** Set whenever there is something to tell. */
  readonly changes: Latest<unknown> = new Latest();
  #requests: ObservedRequest[] = [];
  #droppedSpans = 0;
  #droppedTaps = 0;
  #droppedLines = 0;

  add(request: ObservedRequest): void {
    const isSpan = request.trace?.kept === true;
    if (this.#requests.length < (isSpan ? MOST : MOST_TAPPED)) this.#requests.push(request);
    else if (isSpan) this.#droppedSpans += 1;
    else this.#droppedTaps += 1;
    this.changes.set(undefined);
  }

  /** Its requests will never be told; how many they were is, with the next ones. */
  drop({ requests, ...counts }: ObservedRequests): void {
    const spans = requests.filter(({ trace }) => trace?.kept === true).length;
    this.#droppedSpans += counts.droppedSpans + spans;
    this.#droppedTaps += counts.droppedTaps + requests.length - spans;
    this.#droppedLines += counts.droppedLines;
  }

  dropSpan(): void {
    this.#droppedSpans += 1;
  }

  dropTap(): void {
    this.#droppedTaps += 1;
  }

  dropLines(count: number): void {
    this.#droppedLines += count;
    this.changes.set(undefined);
  }

  /** The next batch, which is out of here then; undefined when there is nothing to tell. */
  take(): ObservedRequests | undefined {
    const requests = this.#requests.slice(0, BATCH_LIMIT);
    const dropped = {
      droppedSpans: this.#droppedSpans,
      droppedTaps: this.#droppedTaps,
      droppedLines: this.#droppedLines,
    };
    const isNothing = Object.values(dropped).every((count) => count === 0);
    if (requests.length === 0 && isNothing) return undefined;
    this.#requests = this.#requests.slice(BATCH_LIMIT);
    this.#droppedSpans = 0;
    this.#droppedTaps = 0;
    this.#droppedLines = 0;
    return { requests, ...dropped };
  }

  /** It did not arrive: counts are still to be told, requests as far as there is room. */
  giveBack({ requests, droppedSpans, droppedTaps, droppedLines }: ObservedRequests): void {
    const newer = this.#requests;
    this.#requests = [];
    for (const request of [...requests, ...newer]) this.add(request);
    this.#droppedSpans += droppedSpans;
    this.#droppedTaps += droppedTaps;
    this.#droppedLines += droppedLines;
  }
}
