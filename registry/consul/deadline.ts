// How long one exchange with Consul may take.

/** Nothing was heard in time. */
export class Late extends Error {}

/**
 * Aborts its signal with another one, and when the time that was set last has passed; disposing it calls both off. A thousand
 * queries wait at once: a signal of `AbortSignal.any` takes each of them more memory.
 */
export class Deadline implements Disposable {
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal;
  #timer: NodeJS.Timeout | undefined;

  constructor(outer: AbortSignal) {
    this.#outer = outer;
    if (outer.aborted) this.#follow();
    else outer.addEventListener("abort", this.#follow, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** From now on, ms. */
  set(milliseconds: number): void {
    clearTimeout(this.#timer);
    const late = new Late(`nothing within ${Math.round(milliseconds)} ms`);
    this.#timer = setTimeout(() => this.#controller.abort(late), milliseconds);
  }

  end(reason: Error): void {
    this.#controller.abort(reason);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#outer.removeEventListener("abort", this.#follow);
  }

  readonly #follow = (): void => this.#controller.abort(this.#outer.reason);
}
