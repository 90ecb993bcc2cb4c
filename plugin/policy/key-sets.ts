// Keeps the key sets that policies name: fetched at once, again every minute, and the last good one while that fails.
import { Backoff } from "../../mesh/backoff.ts";
import type { Clock } from "../../mesh/clock.ts";
import { describeError } from "../../mesh/errors.ts";
import { quote } from "../../mesh/printable.ts";
import type { Problem } from "../status.ts";

/** ± 10 %, so that agents do not ask all at once, ms. */
const REFRESH = 60_000;
const JITTER = 0.1;
/** After a failure, ms. */
const RETRY = { base: 1_000, max: REFRESH } as const;
/** Addresses followed at once. */
export const MOST_KEY_SETS = 64;

/** Gives the public keys at an address as JSON, or throws. */
export type FetchKeySet = (address: string, signal: AbortSignal) => Promise<string>;

/** What earlier agents had last, by address. */
export interface RememberedKeySets {
  get(address: string): string | undefined;
  set(address: string, keys: string): void;
}

export interface KeySetsParts {
  readonly fetch: FetchKeySet;
  readonly remembered: RememberedKeySets;
  readonly clock: Clock;
  /** Called when the keys or the problem of an address have changed. */
  readonly onChange: () => void;
}

interface Followed extends Disposable {
  keys: string | undefined;
  problem: string | undefined;
}

export class KeySets implements Disposable {
  readonly #parts: KeySetsParts;
  readonly #followed = new Map<string, Followed>();
  #refused: readonly string[] = [];

  constructor(parts: KeySetsParts) {
    this.#parts = parts;
  }

  /** Fetches these from now on, and no others. */
  follow(addresses: ReadonlySet<string>): void {
    const wanted = [...addresses].sort();
    const kept = new Set(wanted.slice(0, MOST_KEY_SETS));
    this.#refused = wanted.slice(MOST_KEY_SETS);
    for (const [address, followed] of this.#followed) {
      if (kept.has(address)) continue;
      followed[Symbol.dispose]();
      this.#followed.delete(address);
    }
    for (const address of kept) {
      if (!this.#followed.has(address)) this.#followed.set(address, this.#start(address));
    }
  }

  /** The newest good ones; undefined while there have been none. */
  keys(address: string): string | undefined {
    return this.#followed.get(address)?.keys;
  }

  get problems(): readonly Problem[] {
    const failing = [...this.#followed].flatMap(([address, { problem }]) =>
      problem === undefined ? [] : [toProblem(address, problem)],
    );
    const refused = this.#refused.map((address) =>
      toProblem(address, `expected at most ${MOST_KEY_SETS} different ones in the mesh`),
    );
    return [...failing, ...refused];
  }

  [Symbol.dispose](): void {
    this.follow(new Set());
  }

  #start(address: string): Followed {
    const stop = new AbortController();
    const followed: Followed = {
      keys: this.#parts.remembered.get(address),
      problem: undefined,
      [Symbol.dispose]: () => stop.abort(new Error("no longer wanted")),
    };
    void this.#keep(address, followed, stop.signal);
    return followed;
  }

  async #keep(address: string, followed: Followed, signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts;
    const backoff = new Backoff(RETRY);
    while (!signal.aborted) {
      const isGood = await this.#refresh(address, followed, signal);
      if (isGood) backoff.reset();
      const spread = 1 + JITTER * (2 * Math.random() - 1);
      await clock.sleep(isGood ? REFRESH * spread : backoff.next(), signal).catch(() => undefined);
    }
  }

  async #refresh(address: string, followed: Followed, signal: AbortSignal): Promise<boolean> {
    const before = { ...followed };
    try {
      followed.keys = await this.#parts.fetch(address, signal);
      followed.problem = undefined;
      this.#parts.remembered.set(address, followed.keys);
    } catch (error) {
      if (signal.aborted) return false;
      followed.problem = describeError(error);
    }
    if (before.keys !== followed.keys || before.problem !== followed.problem) {
      this.#parts.onChange();
    }
    return followed.problem === undefined;
  }
}

function toProblem(address: string, problem: string): Problem {
  return {
    subject: "jwt.jwks",
    code: "CONFIGURATION_INVALID",
    message: `the keys at ${quote(address)} cannot be had, the last good ones count: ${problem}`,
  };
}
