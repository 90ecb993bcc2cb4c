// Server-sent events to one page (https://html.spec.whatwg.org/multipage/server-sent-events.html). Nothing is queued for a page
// that does not read: it gets what is newest when it reads again, and is dropped when it does not for long.
import { once } from "node:events";
import type { Response } from "express";
import type { Clock } from "../../mesh/clock.ts";

/** A comment this often, ms: both ends see that the other one is there. */
const HEARTBEAT = 15_000;
/** How long a page may leave what was sent unread, ms. */
const LONGEST_STALL = 30_000;

/** Streams that are open at a time, of all pages. */
export class EventStreams {
  readonly #most: number;
  #open = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** Undefined when there are too many. */
  take(): Disposable | undefined {
    if (this.#open >= this.#most) return undefined;
    this.#open += 1;
    return {
      [Symbol.dispose]: () => {
        this.#open -= 1;
      },
    };
  }
}

/** Sends events until the client goes or the source ends, each a text without line breaks. `open` makes the source. */
export async function streamEvents(
  response: Response,
  open: (signal: AbortSignal) => AsyncIterable<string>,
  clock: Clock,
): Promise<void> {
  const gone = new AbortController();
  response.once("close", () => gone.abort(new Error("the client has gone")));
  const events = open(gone.signal);
  // Proxies on the way are asked not to collect them.
  response.set({ "content-type": "text/event-stream", "x-accel-buffering": "no" }).flushHeaders();
  await Promise.all([
    sendAll(response, events, clock, gone.signal),
    beat(response, clock, gone.signal),
  ]);
}

async function sendAll(
  response: Response,
  events: AsyncIterable<string>,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  try {
    for await (const event of events) {
      if (signal.aborted) return;
      if (!response.write(`data: ${event}\n\n`)) await untilRead(response, clock, signal);
    }
    response.end();
  } catch (error) {
    response.destroy();
    if (!signal.aborted) throw error;
  }
}

/** Drops a client that takes too long. */
async function untilRead(response: Response, clock: Clock, signal: AbortSignal): Promise<void> {
  const read = new AbortController();
  const either = AbortSignal.any([signal, read.signal]);
  const stall = clock.sleep(LONGEST_STALL, either).then(
    () => response.destroy(),
    () => undefined,
  );
  await once(response, "drain", { signal }).catch(() => undefined);
  read.abort();
  await stall;
}

async function beat(response: Response, clock: Clock, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(HEARTBEAT, signal).catch(() => undefined);
    if (!signal.aborted) response.write(":\n\n");
  }
}
