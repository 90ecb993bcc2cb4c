// Reading DER (X.690), strictly: every length is checked against what encloses it, and nothing may follow what is read.
import { MeshError } from "./errors.ts";

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  octetString: 0x04,
  objectIdentifier: 0x06,
  sequence: 0x30,
} as const;

/** The error for anything but a well-formed certificate. */
export function malformed(what: string): MeshError {
  return new MeshError("CERTIFICATE_INVALID", `expected a DER certificate, found ${what}`);
}

/** Reads the elements of one constructed value, in order. Throws CERTIFICATE_INVALID for whatever is not as it must be. */
export class Elements {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** The tag of the next element, or undefined at the end. */
  get tag(): number | undefined {
    return this.#bytes[this.#at];
  }

  /** The content of the next element, which must carry this tag. */
  take(tag: number): Uint8Array {
    if (this.tag !== tag) {
      throw malformed(`tag ${this.tag ?? "nothing"} where tag ${tag} belongs`);
    }
    return this.skip();
  }

  /** The content of the next element, whatever it is. */
  skip(): Uint8Array {
    const tag = this.#byte();
    if ((tag & 0x1f) === 0x1f) throw malformed("a tag of several bytes");
    const length = this.#length();
    const end = this.#at + length;
    if (end > this.#bytes.length) throw malformed("a length beyond the end of what encloses it");
    const content = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return content;
  }

  end(): void {
    if (!this.done) throw malformed("bytes after the last element");
  }

  /** X.690 §10.1: definite, and in the fewest octets. */
  #length(): number {
    const first = this.#byte();
    if (first < 0x80) return first;
    const octets = first & 0x7f;
    if (octets === 0 || octets > 4) throw malformed("an indefinite or oversized length");
    let length = 0;
    for (let index = 0; index < octets; index += 1) length = length * 256 + this.#byte();
    if (length < 0x80 || length < 256 ** (octets - 1)) {
      throw malformed("a length that is longer than needed");
    }
    return length;
  }

  #byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw malformed("the end of the data inside an element");
    this.#at += 1;
    return byte;
  }
}
