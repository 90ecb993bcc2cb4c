// Ends byte streams on which nothing happens any more. Sockets count their bytes themselves: nothing is done for each of
// them, the counts are compared from time to time.
import type { Connection } from "../transport/connection.ts";
import type { Deadlines, Expiring } from "../transport/deadlines.ts";

/** Looks within the time: silence is noticed at most that share of it late. */
const LOOKS = 4;

/** Resets the connection when no byte has gone either way for so many milliseconds; 0: never. */
export function watchIdle(
  connection: Connection,
  milliseconds: number,
  deadlines: Deadlines,
): void {
  if (milliseconds <= 0) return;
  const watch = new IdleWatch(connection, milliseconds);
  deadlines.add(watch);
  connection.socket.once("close", () => deadlines.delete(watch));
}

class IdleWatch implements Expiring {
  deadline: number;
  readonly #connection: Connection;
  readonly #milliseconds: number;
  #bytes = 0;
  #lastMoved = performance.now();

  constructor(connection: Connection, milliseconds: number) {
    this.#connection = connection;
    this.#milliseconds = milliseconds;
    this.deadline = this.#next();
  }

  expired(): void {
    const { bytesRead, bytesWritten } = this.#connection.socket;
    const now = performance.now();
    const bytes = bytesRead + bytesWritten;
    if (bytes !== this.#bytes) this.#lastMoved = now;
    this.#bytes = bytes;
    if (now - this.#lastMoved >= this.#milliseconds) this.#connection.reset();
    else this.deadline = this.#next();
  }

  #next(): number {
    return performance.now() + this.#milliseconds / LOOKS;
  }
}
