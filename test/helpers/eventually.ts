// Waiting for a state instead of sleeping: the one way tests wait.
import { setTimeout as delay } from "node:timers/promises";

export interface EventuallyOptions {
  /** Milliseconds until the last error is thrown. */
  readonly timeout?: number;
  /** Milliseconds between two looks. */
  readonly interval?: number;
}

/** Repeats `check` until it does not throw, and returns what it returned; throws its last error after the timeout. */
export async function eventually<T>(
  check: () => T | Promise<T>,
  { timeout = 20_000, interval = 20 }: EventuallyOptions = {},
): Promise<T> {
  const deadline = performance.now() + timeout;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() >= deadline) throw error;
      await delay(interval);
    }
  }
}
