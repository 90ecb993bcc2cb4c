// Work that must not overlap runs in a lane: one task at a time per key, and after a failure none until a growing pause
// is over. Lanes do not wait for each other.
import { Backoff } from "../../mesh/backoff.ts";
import type { Clock } from "../../mesh/clock.ts";
import { describeError, MeshError } from "../../mesh/errors.ts";

export interface LaneFailure {
  readonly code: string;
  readonly message: string;
}

interface Lane {
  busy: boolean;
  /** After a failure, until its pause is over. */
  pausing: boolean;
  failure: LaneFailure | undefined;
  readonly backoff: Backoff;
}

export class Lanes {
  readonly #clock: Clock;
  readonly #onIdle: () => void;
  readonly #lanes = new Map<string, Lane>();
  readonly #running = new Set<Promise<void>>();

  /** `onIdle` is called whenever a lane can take work again. */
  constructor(clock: Clock, onIdle: () => void) {
    this.#clock = clock;
    this.#onIdle = onIdle;
  }

  /** Starts the task unless its lane is busy or pausing; false when it was not started. */
  start(key: string, task: () => Promise<void>, signal: AbortSignal): boolean {
    const lane = this.#lane(key);
    if (lane.busy || lane.pausing) return false;
    lane.busy = true;
    const running = this.#run(lane, task, signal).finally(() => this.#running.delete(running));
    this.#running.add(running);
    return true;
  }

  /** Lanes with a task under way. */
  get busy(): ReadonlySet<string> {
    return new Set([...this.#lanes].filter(([, { busy }]) => busy).map(([key]) => key));
  }

  /** What failed last in each lane and has not succeeded since. */
  failures(): ReadonlyMap<string, LaneFailure> {
    const failures = new Map<string, LaneFailure>();
    for (const [key, { failure }] of this.#lanes)
      if (failure !== undefined) failures.set(key, failure);
    return failures;
  }

  /** Forgets idle lanes without work, and with them their failures. */
  keepOnly(keys: ReadonlySet<string>): void {
    for (const [key, lane] of this.#lanes)
      if (!lane.busy && !keys.has(key)) this.#lanes.delete(key);
  }

  /** Resolves when no task runs. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
  }

  #lane(key: string): Lane {
    const existing = this.#lanes.get(key);
    if (existing !== undefined) return existing;
    const backoff = new Backoff({ base: 200, max: 10_000 });
    const lane: Lane = { busy: false, pausing: false, failure: undefined, backoff };
    this.#lanes.set(key, lane);
    return lane;
  }

  async #run(lane: Lane, task: () => Promise<void>, signal: AbortSignal): Promise<void> {
    try {
      await task();
      lane.failure = undefined;
      lane.backoff.reset();
    } catch (error) {
      const code = error instanceof MeshError ? error.code : "ENGINE_REFUSED";
      lane.failure = { code, message: describeError(error) };
      void this.#pause(lane, signal);
    } finally {
      lane.busy = false;
      this.#onIdle();
    }
  }

  /** The end of the sleep is the end of the pause: a second clock to compare with could say "not yet" and strand the lane. */
  async #pause(lane: Lane, signal: AbortSignal): Promise<void> {
    lane.pausing = true;
    await this.#clock.sleep(lane.backoff.next(), signal).catch(() => undefined);
    lane.pausing = false;
    if (!signal.aborted) this.#onIdle();
  }
}
