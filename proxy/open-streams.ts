// The byte streams to the own application that are open, since a refusal ends those as well.

/** One of them, as it is looked at when the configuration has changed. */
export interface ReviewedStream {
  /** Ends it when the configuration now in force does not allow it. */
  review(): void;
}

/** Of the whole sidecar. */
export class OpenStreams {
  readonly #open = new Set<ReviewedStream>();

  review(): void {
    for (const stream of this.#open) stream.review();
  }

  add(stream: ReviewedStream): void {
    this.#open.add(stream);
  }

  delete(stream: ReviewedStream): void {
    this.#open.delete(stream);
  }
}
