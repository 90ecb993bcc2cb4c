// A clock that stands still until a test moves it.
import type { Clock } from "../../mesh/clock.ts";

interface Sleeper {
  readonly until: number;
  readonly wake: () => void;
}

/** Time moves only by {@link advance}; wall and monotonic time move together. */
export class ManualClock implements Clock {
  readonly #wallStart: number;
  readonly #sleepers = new Set<Sleeper>();
  #now = 0;

  constructor(wallStart: number = Date.UTC(2026, 0, 1)) {
    this.#wallStart = wallStart;
  }

  monotonic(): number {
    return this.#now;
  }

  wall(): number {
    return this.#wallStart + this.#now;
  }

  async sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (milliseconds <= 0) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const sleeper: Sleeper = { until: this.#now + milliseconds, wake: resolve };
    const onAbort = (): void => reject(signal.reason);
    this.#sleepers.add(sleeper);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      await promise;
    } finally {
      this.#sleepers.delete(sleeper);
      signal.removeEventListener("abort", onAbort);
    }
  }

  /** How many wait for time to pass. */
  get sleeping(): number {
    return this.#sleepers.size;
  }

  /** Moves time and wakes whoever's time has come, earliest first. */
  advance(milliseconds: number): void {
    this.#now += milliseconds;
    const due = [...this.#sleepers].filter(({ until }) => until <= this.#now);
    for (const sleeper of due.toSorted((a, b) => a.until - b.until)) {
      this.#sleepers.delete(sleeper);
      sleeper.wake();
    }
  }
}
