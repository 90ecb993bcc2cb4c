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

/**
 * Milliseconds by which the clocks of two machines may differ: certificates count that long before their time has come
 * and after it is over. Several times what is seen where NTP is not at work yet, and little beside what leaves live.
 */
export const CLOCK_TOLERANCE: number = 10 * 60_000;

/** Node's timers hold 31 bits and fire at once beyond: longer sleeps are made of several. */
const LONGEST_TIMER = 2 ** 31 - 1;

export const systemClock: Clock = {
  monotonic: () => performance.now(),
  wall: () => Date.now(),
  async sleep(milliseconds, signal) {
    try {
      let rest = milliseconds;
      for (; rest > LONGEST_TIMER; rest -= LONGEST_TIMER) {
        await delay(LONGEST_TIMER, undefined, { signal });
      }
      await delay(rest, undefined, { signal });
    } catch (error) {
      throw signal.aborted ? signal.reason : error;
    }
  },
};
