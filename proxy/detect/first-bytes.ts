// Looking at what the other side of a connection sends first, and putting it back, so that whoever takes the connection
// over reads it as if nobody had looked.
import type { Socket } from "node:net";
import { type Carried, classify, classifyPreface } from "./classify.ts";

/** Milliseconds for which nothing arrives until a connection of an `auto` port is taken for one that waits. */
export const DETECTION_TIMEOUT = 100;

/**
 * `silent`: nothing was sent within {@link DETECTION_TIMEOUT}. `closed`: the connection is closed, or will never say what
 * it was opened for.
 */
export type Detected = Carried | "silent" | "closed";

/**
 * `http`: HTTP/1 or HTTP/2, no matter when; no timer runs. `auto`: anything; silence is an answer. `late`: as `auto`, for a
 * connection that was silent before and may stay so. `sign`: any sign of life will do, and is `tcp`; nothing is read.
 */
export type Expectation = "http" | "auto" | "late" | "sign";

/** Holds one connection until it is clear what it carries. Its socket must not be read by anyone else meanwhile. */
export class FirstBytes {
  /** Settles once, and never rejects. What was read is back in the socket by then. */
  readonly detected: Promise<Detected>;
  readonly #socket: Socket;
  readonly #expectation: Expectation;
  readonly #resolve: (detected: Detected) => void;
  #held: Buffer | undefined;
  #timer: NodeJS.Timeout | undefined;
  #lastLook: NodeJS.Immediate | undefined;

  constructor(socket: Socket, expectation: Expectation) {
    const { promise, resolve } = Promise.withResolvers<Detected>();
    this.detected = promise;
    this.#socket = socket;
    this.#expectation = expectation;
    this.#resolve = resolve;
    if (socket.destroyed) {
      resolve("closed");
      return;
    }
    // 'readable' leaves the end of the stream unread, for those who come after.
    socket.on("readable", this.#onReadable).on("close", this.#onClose);
    if (expectation === "auto") this.#expectMore();
  }

  /** Lets go of the connection; what was read is put back. */
  release(detected: Detected): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#lastLook);
    this.#socket.off("readable", this.#onReadable).off("close", this.#onClose);
    if (this.#held !== undefined) this.#socket.unshift(this.#held);
    this.#held = undefined;
    this.#resolve(detected);
  }

  readonly #onReadable = (): void => {
    if (this.#expectation === "sign") this.release("tcp");
    else if (this.#socket.readableLength === 0) this.#atEnd();
    else this.#consider(this.#socket.read());
  };

  readonly #onClose = (): void => this.release("closed");

  #consider(chunk: Buffer): void {
    this.#held = this.#held === undefined ? chunk : Buffer.concat([this.#held, chunk]);
    const verdict =
      this.#expectation === "http" ? classifyPreface(this.#held) : classify(this.#held);
    if (verdict !== "undecided") this.release(verdict);
    else if (this.#expectation !== "http") this.#expectMore();
  }

  /** The other side will send no more, but may still wait for what we send. */
  #atEnd(): void {
    if (this.#expectation !== "http") this.release("tcp");
    else this.release(this.#held === undefined ? "closed" : "http1");
  }

  #expectMore(): void {
    clearImmediate(this.#lastLook);
    if (this.#timer === undefined) this.#timer = setTimeout(this.#onSilence, DETECTION_TIMEOUT);
    else this.#timer.refresh();
  }

  /** After a busy time the event loop runs its timers before it reads what has arrived meanwhile. */
  readonly #onSilence = (): void => {
    this.#lastLook = setImmediate(this.#onStillSilent);
  };

  /** Half a request line with nothing behind it is a short message that waits for its answer. */
  readonly #onStillSilent = (): void => this.release(this.#held === undefined ? "silent" : "tcp");
}
