// Slows down those who guess tokens. Each failure takes from an allowance of the address it came from and from one of all
// addresses; both fill up again so fast that nobody is kept out for long by what others do, and so slowly that guessing leads
// nowhere: 20 tries a second for all the world, against tokens of 16 characters and more.
import type { Clock } from "../../mesh/clock.ts";

/** Failures of one address at once, and ms until it is allowed one more. */
const OF_ADDRESS = { most: 10, every: 1_000 };
/** Of all addresses. */
const OF_ALL = { most: 1_000, every: 50 };
/** Of all addresses, for those that have failed before: the rest is left to those that have not. */
const OF_KNOWN = 100;
/** Addresses that are remembered; of more the one whose failure is oldest is forgotten. */
const MOST_ADDRESSES = 1_024;

interface Spent {
  /** Failures that have not been forgiven yet, as of `at`. */
  failures: number;
  /** Monotonic, ms. */
  at: number;
}

export class LoginGuard {
  readonly #clock: Clock;
  readonly #addresses = new Map<string, Spent>();
  readonly #all: Spent = { failures: 0, at: 0 };

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** ms until somebody at this address may try; 0: now. */
  wait(address: string): number {
    const spent = this.#addresses.get(networkOf(address));
    const ofAll = this.#waitFor(
      this.#all,
      spent === undefined ? OF_ALL.most : OF_KNOWN,
      OF_ALL.every,
    );
    if (spent === undefined) return ofAll;
    return Math.max(ofAll, this.#waitFor(spent, OF_ADDRESS.most, OF_ADDRESS.every));
  }

  fail(address: string): void {
    const network = networkOf(address);
    const spent = this.#addresses.get(network) ?? { failures: 0, at: 0 };
    this.#spend(spent, OF_ADDRESS);
    this.#spend(this.#all, OF_ALL);
    // Those that failed last stand last.
    this.#addresses.delete(network);
    this.#addresses.set(network, spent);
    if (this.#addresses.size <= MOST_ADDRESSES) return;
    const [oldest = ""] = this.#addresses.keys();
    this.#addresses.delete(oldest);
  }

  #waitFor(spent: Spent, most: number, every: number): number {
    this.#forgive(spent, every);
    const over = spent.failures - most + 1;
    return over <= 0 ? 0 : Math.ceil(over * every);
  }

  #spend(spent: Spent, { most, every }: typeof OF_ALL): void {
    this.#forgive(spent, every);
    spent.failures = Math.min(most, spent.failures + 1);
  }

  #forgive(spent: Spent, every: number): void {
    const now = this.#clock.monotonic();
    spent.failures = Math.max(0, spent.failures - (now - spent.at) / every);
    spent.at = now;
  }
}

/** An IPv4 address, or the 64 bits of an IPv6 address that say whose it is: the other 64 are for its owner to choose. */
function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined || !address.includes(":")) return mapped ?? address;
  const [left = "", right] = address.split("::");
  const head = left.split(":").filter(Boolean);
  const tail = right?.split(":").filter(Boolean) ?? [];
  const zeros = new Array<string>(Math.max(0, 8 - head.length - tail.length)).fill("0");
  return [...head, ...zeros, ...tail].slice(0, 4).join(":");
}
