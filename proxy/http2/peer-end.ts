// How the peer's side of a stream ends. Node tells a complete message and one that was reset with NO_ERROR apart in one
// place alone: when it marks the end in what can be read, a reset stream is closed already.
import type { Http2Stream } from "node:http2";

export class PeerEnd {
  /** Whether the peer has ended its side itself. */
  complete: boolean;
  readonly #stream: Http2Stream;

  /** `complete`: it has done so before this is called. */
  constructor(stream: Http2Stream, complete: boolean) {
    this.complete = complete;
    this.#stream = stream;
    const push = stream.push.bind(stream);
    stream.push = (chunk, encoding) => {
      if (chunk === null) this.#mark();
      return push(chunk, encoding);
    };
  }

  #mark(): void {
    if (this.#stream.closed) setImmediate(() => this.#letGo());
    else this.complete = true;
  }

  /** After a reset with NO_ERROR Node would wait for what is still to be written, which nobody takes any more. */
  #letGo(): void {
    const stream = this.#stream;
    if (this.complete && !stream.readableEnded) stream.once("end", () => stream.destroy());
    else stream.destroy();
  }
}
