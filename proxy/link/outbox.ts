// What a link has composed and not yet handed to its wire. The memory belongs to the process: a link that has nothing to
// say holds none.
import { OUTPUT_SIZE, Output } from "../transport/output.ts";
import type { Wire } from "../transport/wire.ts";
import { type FrameType, HEADER_SIZE, writeFrameHeader } from "./frames.ts";

/** Outputs kept for the next links that have something to say: as many as speak in one turn where there are many. */
const MAX_SPARE = 32;
const spare: Output[] = [];

export class Outbox {
  readonly #wire: Wire;
  /** In order; frames are added to the last one. None is empty but, at times, the last. */
  readonly #outputs: Output[] = [];
  /** The wire wants no more for now. */
  #blocked = false;
  /** All bytes ever composed, and those of them that the wire has got. */
  composed = 0;
  sent = 0;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  /** Bytes that are still in this process. */
  get unwritten(): number {
    return this.composed - this.sent + this.#wire.pending;
  }

  get isEmpty(): boolean {
    return this.composed === this.sent;
  }

  /** Writes a frame's header; the caller appends just `length` bytes to the output. */
  frame(type: FrameType, flags: number, stream: number, length: number): Output {
    const output = this.room(HEADER_SIZE + length);
    writeFrameHeader(output.bytes, output.length, type, flags, stream, length);
    output.length += HEADER_SIZE;
    this.composed += HEADER_SIZE + length;
    return output;
  }

  /** An output with that much room, for a frame whose length is not known yet: see {@link add}. */
  room(size: number): Output {
    const last = this.#outputs.at(-1);
    if (last !== undefined && last.length + size <= OUTPUT_SIZE) return last;
    if (last !== undefined && !this.#blocked) this.flush();
    const output = spare.pop() ?? new Output();
    this.#outputs.push(output);
    return output;
  }

  /** `size` bytes were composed at the end of the output that {@link room} returned last. */
  add(output: Output, size: number): void {
    output.length += size;
    this.composed += size;
  }

  /** Hands everything to the wire, unless that wants no more. */
  flush(): void {
    while (!this.#blocked) {
      // Taken out first: a wire that breaks while it is written to may have all of this cleared.
      const output = this.#outputs.shift();
      if (output === undefined) return;
      this.sent += output.length;
      this.#blocked = output.length > 0 && !this.#wire.send(output);
      release(output);
    }
  }

  /** The wire has room again. */
  drained(): void {
    this.#blocked = false;
  }

  /** Forgets what was not sent. */
  clear(): void {
    for (const output of this.#outputs.splice(0)) release(output);
    this.sent = this.composed;
  }
}

function release(output: Output): void {
  output.length = 0;
  if (spare.length < MAX_SPARE) spare.push(output);
}
