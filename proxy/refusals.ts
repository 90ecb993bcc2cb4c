// Peers refused for their certificate or identity: each is counted, and the log says why at most once a second, since a
// peer that is refused comes back with every request.
import type { Clock } from "../mesh/clock.ts";
import { describeError } from "../mesh/errors.ts";
import type { Log } from "../mesh/log.ts";
import type { Counters } from "./counters.ts";

const LOG_INTERVAL = 1_000;

export class Refusals {
  readonly #counters: Counters;
  readonly #clock: Clock;
  readonly #log: Log;
  #quietUntil = Number.NEGATIVE_INFINITY;

  constructor(counters: Counters, clock: Clock, log: Log) {
    this.#counters = counters;
    this.#clock = clock;
    this.#log = log;
  }

  /** Counts a refused peer. */
  note(peer: string, reason: unknown): void {
    this.#counters.refusedPeers += 1;
    const now = this.#clock.monotonic();
    if (now < this.#quietUntil) return;
    this.#quietUntil = now + LOG_INTERVAL;
    this.#log.warn("refused a peer", { peer, reason: describeError(reason) });
  }
}
