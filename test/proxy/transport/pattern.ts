// Input for transfers whose every byte matters.
import { createHash } from "node:crypto";

/** Bytes that differ from piece to piece in content and length, and their hash. */
export class Pattern {
  readonly #hash = createHash("sha1");
  readonly #source = Buffer.from(Array.from({ length: 140_000 }, (_, index) => (index * 7) % 251));
  #left: number;
  #index = 0;

  constructor(length: number) {
    this.#left = length;
  }

  next(): Buffer | undefined {
    if (this.#left === 0) return undefined;
    const from = (this.#index * 31) % 70_000;
    const length = Math.min(this.#left, 1 + ((this.#index * 9_973) % 70_000));
    this.#index += 1;
    this.#left -= length;
    const bytes = this.#source.subarray(from, from + length);
    this.#hash.update(bytes);
    return bytes;
  }

  digest(): string {
    return this.#hash.digest("hex");
  }
}
