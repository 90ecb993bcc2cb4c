// The log of requests: opened with the first line, since most sidecars never write one.
import type { ObservedRequest } from "../configuration/observed-request.ts";
import { LineWriter } from "./line-writer.ts";
import { requestLine } from "./request-line.ts";

export class RequestLog implements Disposable {
  readonly #dropped: (count: number) => void;
  #writer: LineWriter | undefined;

  /** `dropped` is told of lines that could not be written. */
  constructor(dropped: (count: number) => void) {
    this.#dropped = dropped;
  }

  /** `service`: whose sidecar this is. */
  write(service: string, request: ObservedRequest): void {
    this.#writer ??= new LineWriter(this.#dropped);
    this.#writer.write(requestLine(service, request));
  }

  [Symbol.dispose](): void {
    this.#writer?.[Symbol.dispose]();
  }
}
