// The queries that wait for news at Consul. When a server dies, what its colleagues' clients had asked it hangs until they
// notice, which takes Consul some 40 s: whoever has found out before, by another call, must not leave those waiting.
import type { Deadline } from "./deadline.ts";

/** ms: one call that is lost again and again must not have everything asked anew each time. */
const AT_MOST_EVERY = 10_000;

/** Why a query was ended: says nothing about Consul, and that it should be asked anew. */
export class AskAgain extends Error {
  constructor() {
    super("consul was away while the query waited: it is asked anew");
  }
}

export class Waits {
  readonly #open = new Set<Deadline>();
  /** Nothing was heard of a call in time, nor of any other since. */
  #isUnheard = false;
  #endedAt = Number.NEGATIVE_INFINITY;

  add(deadline: Deadline): void {
    this.#open.add(deadline);
  }

  delete(deadline: Deadline): void {
    this.#open.delete(deadline);
  }

  /** Consul's servers were not heard of in time. A connection that breaks is no sign of it: nothing hangs there. */
  unheard(): void {
    this.#isUnheard = true;
  }

  /** They have answered. `now`: monotonic, ms. */
  heard(now: number): void {
    if (!this.#isUnheard || now - this.#endedAt < AT_MOST_EVERY) return;
    this.#isUnheard = false;
    this.#endedAt = now;
    for (const deadline of this.#open) deadline.end(new AskAgain());
  }
}
