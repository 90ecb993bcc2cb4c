// The API's stream of live requests: JSON lines until the client goes.
import { once } from "node:events";
import { type Response, Router } from "express";
import type { Clock } from "../../mesh/clock.ts";
import { refuseMethod } from "../api/answers.ts";
import { readFilter } from "./read-filter.ts";
import type { TapEvent, TapFilter } from "./tap-event.ts";
import type { Taps } from "./taps.ts";

/** An empty line this often, ms: both ends see that the other one is there. */
const HEARTBEAT = 10_000;

export interface TapSources {
  readonly taps: Pick<Taps, "open">;
  /** The catalog name of a service; throws SERVICE_UNKNOWN. */
  readonly resolve: (service: string) => string;
  readonly clock: Clock;
}

export function tapRoute(sources: TapSources): Router {
  const router = Router({ strict: true, caseSensitive: true });
  router
    .route("/v1/tap")
    // Express would let GET answer it, without end.
    .head(refuseMethod("GET"))
    .get(async (request, response) => {
      const { searchParams } = new URL(request.originalUrl, "http://agent");
      await stream(response, sources, readFilter(searchParams, sources.resolve));
    })
    .all(refuseMethod("GET"));
  return router;
}

async function stream(
  response: Response,
  { taps, clock }: TapSources,
  filter: TapFilter,
): Promise<void> {
  const gone = new AbortController();
  response.once("close", () => gone.abort(new Error("the client has gone")));
  const events = taps.open(filter, gone.signal);
  response.set("content-type", "application/x-ndjson").flushHeaders();
  await Promise.all([
    writeEvents(response, events, gone.signal),
    beat(response, clock, gone.signal),
  ]);
}

async function writeEvents(
  response: Response,
  events: AsyncIterable<TapEvent>,
  signal: AbortSignal,
): Promise<void> {
  for await (const event of events) {
    // The queue of a client that does not read is the reader's, which is bounded.
    if (!response.write(`${JSON.stringify(event)}\n`))
      await once(response, "drain", { signal }).catch(() => undefined);
  }
}

async function beat(response: Response, clock: Clock, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(HEARTBEAT, signal).catch(() => undefined);
    if (!signal.aborted && !response.writableNeedDrain) response.write("\n");
  }
}
