// What is wrong now, from several sources that each know only of their own trouble.

/** One source's trouble. */
export interface ProblemSlot {
  set(problem: string): void;
  clear(): void;
}

/** Collects the troubles that have not been cured. */
export class Problems {
  readonly #current = new Map<ProblemSlot, string>();

  /** The one that was set last, among those that are not cleared. */
  get latest(): string | undefined {
    return [...this.#current.values()].at(-1);
  }

  /** A slot for one source; a cleared one takes no memory. */
  open(): ProblemSlot {
    const slot: ProblemSlot = {
      set: (problem) => {
        this.#current.delete(slot);
        this.#current.set(slot, problem);
      },
      clear: () => {
        this.#current.delete(slot);
      },
    };
    return slot;
  }
}
