// Comma-separated field values (RFC 9110 §5.6.1), member by member, without making texts of them.
import { COMMA, skip, skipBlanks, TOKEN, trimEnd } from "./characters.ts";

/** Walks over the members of a list. Empty members are skipped, as the RFC wants it. */
export class ListCursor {
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  #end = 0;
  /** The current member, without white space around it. */
  start = 0;
  end = 0;

  /** Starts before the first member of `bytes[start, end)`. */
  begin(bytes: Buffer, start: number, end: number): void {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  /** Moves to the next member; false when there is none. */
  next(): boolean {
    const bytes = this.#bytes;
    const end = this.#end;
    while (this.#at < end) {
      let comma = this.#at;
      while (comma < end && bytes[comma] !== COMMA) comma += 1;
      this.start = skipBlanks(bytes, this.#at, comma);
      this.end = trimEnd(bytes, this.start, comma);
      this.#at = comma + 1;
      if (this.start !== this.end) return true;
    }
    return false;
  }

  /** Whether the current member is a token. */
  get isToken(): boolean {
    return skip(this.#bytes, this.start, this.end, TOKEN) === this.end;
  }
}
