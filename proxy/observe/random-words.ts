// Random numbers for the ids of traces: many, cheap and never the same in two sidecars. Nothing secret hangs on them.

/** xoshiro128**: 32 bits at a time for some 3 ns; the generator of `Math.random` gives them as fractions. */
export class RandomWords {
  readonly #state: Int32Array;

  /** `random` gives numbers from 0 to 1; they must not all be 0. */
  constructor(random: () => number) {
    this.#state = Int32Array.from({ length: 4 }, () => random() * 2 ** 32);
  }

  /** As a signed number of 32 bits. */
  next(): number {
    const state = this.#state;
    const second = state[1] as number;
    const product = Math.imul(second, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9);
    const third = (state[2] as number) ^ (state[0] as number);
    const fourth = (state[3] as number) ^ second;
    state[1] = second ^ third;
    state[0] = (state[0] as number) ^ fourth;
    state[2] = third ^ (second << 9);
    state[3] = (fourth << 11) | (fourth >>> 21);
    return result;
  }
}
