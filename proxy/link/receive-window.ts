// How much a peer may send into one stream before it has to wait for us, and when it is granted more. A stream whose data is
// always taken at once gets a larger window: it is the way that is long then, not the receiver that is slow.
import { OUR_SETTINGS } from "./settings.ts";

/** Bytes that a stream's window may grow to. */
export const LARGEST_WINDOW: number = 256 * 1_024;
/** Bytes by which all windows of the process together may have grown. */
export const GROWTH_BUDGET: number = 16 * 1_024 * 1_024;

let budget = GROWTH_BUDGET;

export class ReceiveWindow {
  #size = OUR_SETTINGS.window;
  /** What the peer may still send. */
  #open = OUR_SETTINGS.window;
  /** Bytes that were taken since the last grant. */
  #taken = 0;
  #total = 0;
  #mayGrow = true;

  /** The peer has sent that much; false when it was not allowed to. */
  use(size: number): boolean {
    this.#open -= size;
    this.#total += size;
    return this.#open >= 0;
  }

  /** That much has been dealt with. */
  take(size: number): void {
    this.#taken += size;
  }

  /** Whoever takes the data was slow once: it gains nothing by a larger window. */
  stopGrowing(): void {
    this.#mayGrow = false;
  }

  /** Bytes to grant the peer now, 0 for none. `expected`: bytes that it has still to send, negative when nobody knows. */
  grant(expected: number): number {
    const isEnough = expected >= 0 && expected <= this.#open;
    if (isEnough || this.#taken < this.#size / 2) return 0;
    const granted = this.#taken + this.#grow();
    this.#taken = 0;
    this.#open += granted;
    return granted;
  }

  /** The stream is over. */
  release(): void {
    budget += this.#size - OUR_SETTINGS.window;
    this.#size = OUR_SETTINGS.window;
    this.#mayGrow = false;
  }

  /** Returns by how many bytes it has grown. */
  #grow(): number {
    const growth = this.#size;
    const isWanted = this.#mayGrow && this.#total >= this.#size && growth * 2 <= LARGEST_WINDOW;
    if (!isWanted || budget < growth) return 0;
    budget -= growth;
    this.#size += growth;
    return growth;
  }
}
