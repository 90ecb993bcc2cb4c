// Those who look at live requests, and what each of them still has to read. While nobody looks nothing is asked of sidecars.
// Bounded: a reader that is slow loses what it has no room for, and is told how much that was.
import { MeshError } from "../../mesh/errors.ts";
import { parseIdentity } from "../../mesh/identity.ts";
import { Latest } from "../../mesh/latest.ts";
import type {
  ObservedRequest,
  ObservedRequests,
} from "../../proxy/configuration/observed-request.ts";
import type { ObservedWorkload } from "../observation/observed-workload.ts";
import { concerns, matches } from "./matches.ts";
import { isRepeated, type Locality } from "./repeated.ts";
import type { TapEvent, TapFilter, TappedRequest } from "./tap-event.ts";

/** At once. Each asks more of all sidecars. */
export const MOST_READERS = 16;
/** Requests that wait for one reader; each is at most some 4 kB, and shared among readers. */
export const LONGEST_QUEUE = 1_000;

export class Taps {
  readonly #readers = new Set<TapReader>();
  readonly #onChange: () => void;
  readonly #locality: Locality;
  #dropped = 0;

  /** `onChange`: what is {@link wanted} may be another now. */
  constructor(onChange: () => void, locality: Locality = NOTHING_KNOWN) {
    this.#onChange = onChange;
    this.#locality = locality;
  }

  /** Requests that were not shown to somebody who looks, since the agent started. */
  get dropped(): number {
    return this.#dropped;
  }

  /**
   * Requests from now on that match the filter, which has catalog names, until the signal aborts or its reader leaves the
   * loop. Throws TAP_LIMIT when too many look already.
   */
  open(filter: TapFilter, signal: AbortSignal): AsyncIterable<TapEvent> {
    if (this.#readers.size >= MOST_READERS) throw tooMany();
    const reader = new TapReader(filter);
    const close = (): void => {
      signal.removeEventListener("abort", close);
      if (this.#readers.delete(reader)) this.#onChange();
    };
    if (!signal.aborted) {
      this.#readers.add(reader);
      signal.addEventListener("abort", close, { once: true });
      this.#onChange();
    }
    return closing(reader.events(signal), close);
  }

  /** Whether somebody looks at requests that a workload of the service sees, which calls what `calls` is true of. */
  wanted(service: string, calls: (service: string) => boolean): boolean {
    return [...this.#readers].some(({ filter }) => concerns(filter, service, calls));
  }

  /** What one sidecar has told. */
  add(workload: ObservedWorkload, { requests, droppedTaps }: ObservedRequests): void {
    this.#dropped += droppedTaps;
    const readers = [...this.#readers].filter(({ filter }) =>
      concerns(filter, workload.service, () => true),
    );
    if (readers.length === 0) return;
    for (const request of requests) {
      const told = tellEnds(workload, request);
      const tapped = { ...told, repeated: isRepeated(told, this.#locality) };
      for (const reader of readers)
        if (matches(reader.filter, tapped) && !reader.push(tapped)) this.#dropped += 1;
    }
    if (droppedTaps > 0) for (const reader of readers) reader.miss(droppedTaps);
  }
}

class TapReader {
  readonly filter: TapFilter;
  readonly #wake = new Latest<undefined>();
  #queue: TappedRequest[] = [];
  #missed = 0;

  constructor(filter: TapFilter) {
    this.filter = filter;
  }

  /** False when there is no room. */
  push(request: TappedRequest): boolean {
    if (this.#queue.length >= LONGEST_QUEUE) {
      this.miss(1);
      return false;
    }
    this.#queue.push(request);
    this.#wake.set(undefined);
    return true;
  }

  miss(count: number): void {
    this.#missed += count;
    this.#wake.set(undefined);
  }

  async *events(signal: AbortSignal): AsyncGenerator<TapEvent, void, undefined> {
    for await (const _ of this.#wake.values(signal)) {
      while (!signal.aborted && (this.#queue.length > 0 || this.#missed > 0)) {
        const [queue, dropped] = [this.#queue, this.#missed];
        this.#queue = [];
        this.#missed = 0;
        for (const request of queue) if (!signal.aborted) yield request;
        if (dropped > 0) yield { dropped };
      }
    }
  }
}

async function* closing<T>(
  events: AsyncIterable<T>,
  close: () => void,
): AsyncGenerator<T, void, undefined> {
  try {
    yield* events;
  } finally {
    close();
  }
}

const NOTHING_KNOWN: Locality = { isWhollyHere: () => false, isInstanceHere: () => false };

function tellEnds(
  { service, containerName: container }: ObservedWorkload,
  request: ObservedRequest,
): Omit<TappedRequest, "repeated"> {
  const { reporter, peer } = request;
  return reporter === "source"
    ? { ...request, source: service, destination: peer, container }
    : { ...request, source: serviceOf(peer), destination: service, container };
}

/** "" without an identity, or with one of another mesh's making. */
function serviceOf(identity: string): string {
  try {
    return identity === "" ? "" : parseIdentity(identity).service;
  } catch {
    return "";
  }
}

function tooMany(): MeshError {
  const message = `expected at most ${MOST_READERS} to look at live requests at once: let one of them end`;
  return new MeshError("TAP_LIMIT", message);
}
