// What the request path shares: one reference to the configuration in force, and where to count and hold.
import type { Drain } from "../mesh/drain.ts";
import type { Log } from "../mesh/log.ts";
import type { Denials } from "./authorize/denials.ts";
import type { Configuration } from "./configuration/configuration.ts";
import type { Counters } from "./counters.ts";
import type { HttpEngine } from "./http/http-engine.ts";
import type { Traffic } from "./metrics/traffic.ts";
import type { Observer } from "./observe/observer.ts";
import type { OpenStreams } from "./open-streams.ts";
import type { Refusals } from "./refusals.ts";

export interface DataPlane {
  /** The configuration in force, read anew for every request; undefined before the first. */
  readonly configuration: () => Configuration | undefined;
  readonly engine: HttpEngine;
  readonly counters: Counters;
  readonly traffic: Traffic;
  readonly observer: Observer;
  readonly refusals: Refusals;
  /** Callers that were not let in. */
  readonly denials: Denials;
  /** Byte streams to the own application. */
  readonly streams: OpenStreams;
  /** Held by every request and tunnel in flight. */
  readonly drain: Drain;
  readonly log: Log;
  /** Aborts when the sidecar ends: no dial outlives it. */
  readonly signal: AbortSignal;
}
