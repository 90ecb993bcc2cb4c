// Following one thing in Consul for as long as a signal lives: Consul's blocking queries, done by its rules.
// The rules: an index below 1 counts as 1; an index that went back is forgotten, and with it that answer and all continuity;
// what is asked from the beginning must be up to date; answers come no faster than a token bucket allows; every wait is
// jittered; a failure backs off and keeps what was known.
import { Backoff } from "../../mesh/backoff.ts";
import type { Clock } from "../../mesh/clock.ts";
import type { Answer, BlockingQuery } from "./client.ts";

const WAIT = 60_000;
const WAIT_JITTER = 0.2;
const BURST = 2;
const REFILL = 40;

export interface FollowOptions {
  readonly clock: Clock;
  readonly random?: () => number;
  /**
   * Called when continuity is lost: at the first failure in a row, and for an index that went back. What happened since
   * the last answer is not known then, and the next answer may lack what still exists.
   */
  readonly onBreak?: () => void;
  /** Called for every failure. */
  readonly onFailure?: (error: unknown) => void;
}

/** Every answer of a blocking query that holds, also repeated ones; retries for ever and ends only when the signal aborts. */
export async function* follow<T>(
  read: (query: BlockingQuery, signal: AbortSignal) => Promise<Answer<T>>,
  options: FollowOptions,
  signal: AbortSignal,
): AsyncGenerator<T, void, undefined> {
  const random = options.random ?? Math.random;
  const backoff = new Backoff({ base: 200, max: 5_000 }, random);
  const pace = new TokenBucket(options.clock);
  let index = 0;
  let failing = false;
  while (!signal.aborted) {
    const wait = WAIT * (1 - WAIT_JITTER * random());
    try {
      await pace.take(signal);
      const query = index === 0 ? { index, wait, upToDate: true } : { index, wait };
      const answer = await read(query, signal);
      index = nextIndex(index, answer.index);
      failing = false;
      backoff.reset();
      // Of the past, or of another Consul: asked from the beginning it tells which.
      if (index === 0) options.onBreak?.();
      else yield answer.value;
    } catch (error) {
      if (signal.aborted) return;
      if (!failing) options.onBreak?.();
      options.onFailure?.(error);
      failing = true;
      index = 0;
      await options.clock.sleep(backoff.next(), signal).catch(() => undefined);
    }
  }
}

// 0, which asks from the beginning, when the index went back; NaN, a missing header, counts as below 1 too.
function nextIndex(before: number, answered: number): number {
  const next = answered >= 1 ? answered : 1;
  return next < before ? 0 : next;
}

// Two answers at once, then one each refill: a change that comes in two parts is not held up, a busy index spins nobody.
class TokenBucket {
  readonly #clock: Clock;
  #tokens = BURST;
  #at: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#at = clock.monotonic();
  }

  async take(signal: AbortSignal): Promise<void> {
    const now = this.#clock.monotonic();
    this.#tokens = Math.min(BURST, this.#tokens + (now - this.#at) / REFILL);
    this.#at = now;
    this.#tokens -= 1;
    if (this.#tokens < 0) await this.#clock.sleep(-this.#tokens * REFILL, signal);
  }
}
