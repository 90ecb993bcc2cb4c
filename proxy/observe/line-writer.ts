// Lines on standard output that never make anybody wait. What Docker does not read in time fills a pipe, and Node's own
// `process.stdout` then stops the whole process: here lines wait up to a limit, and beyond it are counted instead of written.
import { closeSync, constants, openSync, writeSync } from "node:fs";

/** Bytes that a pipe takes whole or not at all (POSIX: PIPE_BUF), so that no line of ours is torn by one of the sidecar's log. */
const WHOLE = 4_096;
/** Bytes of lines that wait. */
const MOST_WAITING = 256 * 1_024;
/** Milliseconds until a reader that had no room is tried again. */
const PAUSE = 20;

const STANDARD_OUTPUT = "/proc/self/fd/1";
/** The descriptor of standard output. */
const OWN = 1;

export class LineWriter implements Disposable {
  readonly #file: number;
  readonly #dropped: (count: number) => void;
  #lines: Buffer[] = [];
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;

  /** `dropped` is told of lines that nobody will read. */
  constructor(dropped: (count: number) => void, path: string = STANDARD_OUTPUT) {
    this.#file = openWithoutWaiting(path);
    this.#dropped = dropped;
  }

  /** `line` ends with a line end; a longer one than a pipe takes whole is dropped. */
  write(line: string): void {
    const bytes = Buffer.from(line);
    if (bytes.length > WHOLE || this.#bytes + bytes.length > MOST_WAITING) {
      this.#dropped(1);
      return;
    }
    this.#lines.push(bytes);
    this.#bytes += bytes.length;
    // All lines of one turn of the event loop go together.
    if (this.#timer === undefined) this.#immediate ??= setImmediate(() => this.#flush());
  }

  /** Writes what there is room for. */
  [Symbol.dispose](): void {
    this.#flush();
    clearTimeout(this.#timer);
    if (this.#lines.length > 0) this.#dropped(this.#lines.length);
    this.#lines = [];
    if (this.#file !== OWN) closeSync(this.#file);
  }

  #flush(): void {
    clearImmediate(this.#immediate);
    this.#immediate = undefined;
    this.#timer = undefined;
    let written = 0;
    while (written < this.#lines.length) {
      const count = this.#group(written);
      if (!this.#writeGroup(this.#lines.slice(written, written + count))) break;
      written += count;
    }
    this.#lines = this.#lines.slice(written);
    this.#bytes = this.#lines.reduce((sum, { length }) => sum + length, 0);
    if (this.#lines.length > 0) this.#timer = setTimeout(() => this.#flush(), PAUSE).unref();
  }

  /** How many of the lines from there on fit into one write; at least one. */
  #group(from: number): number {
    let size = 0;
    let count = 0;
    for (const { length } of this.#lines.slice(from)) {
      size += length;
      if (size > WHOLE) break;
      count += 1;
    }
    return count;
  }

  /** False when there is no room. */
  #writeGroup(lines: readonly Buffer[]): boolean {
    try {
      writeSync(this.#file, Buffer.concat(lines));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EAGAIN") return false;
      // Nobody will read them, now or later.
      this.#dropped(lines.length);
    }
    return true;
  }
}

/** A description of its own, so that nothing else that writes there is changed. */
function openWithoutWaiting(path: string): number {
  try {
    return openSync(path, constants.O_WRONLY | constants.O_APPEND | constants.O_NONBLOCK);
  } catch {
    // A socket, as some supervisors have it, cannot be opened: there, lines may wait. Docker has pipes.
    return OWN;
  }
}
