// The one source of time. Whatever has a deadline takes a Clock, so that tests move time instead of waiting for it.
import { setTimeout as delay } from "node:timers/promises";

export interface Clock {
  /** Milliseconds on a monotonic clock with no meaning of its own: for intervals and deadlines. */
  monotonic(): number;
  /** Milliseconds since the epoch: for certificates and for people, never for intervals. */
  wall(): number;
  /** Resolves after that many milliseconds; rejects with the signal's reason when it aborts first. */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  monotonic: () => performance.now(),
  wall: () => Date.now(),
  async sleep(milliseconds, signal) {
    try {
      await delay(milliseconds, undefined, { signal });
    } catch (error) {
      throw signal.aborted ? signal.reason : error;
    }
  },
};
