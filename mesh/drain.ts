// Ending without cutting anyone off: work in flight holds a guard, and a drain waits for the last one.

/** Counts what is in flight. Once draining starts it never stops. */
export class Drain {
  readonly #started = new AbortController();
  readonly #idle = Promise.withResolvers<void>();
  #held = 0;

  /** Aborts when draining starts: the moment to stop taking new work and to say `Connection: close`. */
  get signal(): AbortSignal {
    return this.#started.signal;
  }

  get draining(): boolean {
    return this.#started.signal.aborted;
  }

  /** Holds the drain open until as many calls of `leave`: for work that is too frequent for a guard of its own. */
  enter(): void {
    this.#held += 1;
  }

  leave(): void {
    this.#held -= 1;
    if (this.#held === 0 && this.draining) this.#idle.resolve();
  }

  /** Holds the drain open until the guard is disposed; disposing twice counts once. */
  hold(): Disposable {
    this.enter();
    let held = true;
    return {
      [Symbol.dispose]: () => {
        if (!held) return;
        held = false;
        this.leave();
      },
    };
  }

  /** Starts draining; resolves when nothing is held, or when the deadline signal aborts, whichever is first. */
  async start(deadline: AbortSignal): Promise<void> {
    this.#started.abort();
    if (this.#held === 0 || deadline.aborted) return;
    const late = Promise.withResolvers<void>();
    const onLate = (): void => late.resolve();
    deadline.addEventListener("abort", onLate, { once: true });
    await Promise.race([this.#idle.promise, late.promise]);
    deadline.removeEventListener("abort", onLate);
  }
}
