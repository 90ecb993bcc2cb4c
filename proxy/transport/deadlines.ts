// Coarse time limits without a timer each: one interval looks at all of them. For limits of seconds, not of milliseconds.

/** Something that has a time limit at times. */
export interface Expiring {
  /** When it expires, on the scale of `performance.now()`; Infinity while nothing is waited for. May change at any time. */
  deadline: number;
  /** The deadline has passed. Called once for each: it is Infinity again by then. Must not throw. */
  expired(): void;
}

export class Deadlines {
  readonly #interval: number;
  readonly #items = new Set<Expiring>();
  #timer: NodeJS.Timeout | undefined;

  /** `interval`: milliseconds between two looks, and so the most by which `expired` is late. */
  constructor(interval = 250) {
    this.#interval = interval;
  }

  /** From now on its deadline is minded, whenever it is set. */
  add(item: Expiring): void {
    this.#items.add(item);
    // It holds no process back: what the limits are for does.
    this.#timer ??= setInterval(() => this.#sweep(), this.#interval).unref();
  }

  delete(item: Expiring): void {
    this.#items.delete(item);
  }

  /** Forgets all items. */
  close(): void {
    this.#items.clear();
    this.#stop();
  }

  #sweep(): void {
    const now = performance.now();
    for (const item of this.#items) {
      if (item.deadline > now) continue;
      item.deadline = Number.POSITIVE_INFINITY;
      expire(item);
    }
    // Not in `delete`: connections that come and go one at a time would make a timer each.
    if (this.#items.size === 0) this.#stop();
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

/** One item's defect must not cost the others their time limit. */
function expire(item: Expiring): void {
  try {
    item.expired();
  } catch (error) {
    process.emitWarning(error as Error);
  }
}
