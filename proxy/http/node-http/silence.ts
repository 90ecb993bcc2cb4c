// A request without an answer: is the application slow, or has its container vanished? TCP would not tell for minutes.
import type { ClientRequest } from "node:http";
import type { Destination } from "../forwarder.ts";

/** Milliseconds without a response after which, and between which, the destination is asked whether it is there. */
const SILENCE = 500;

/** The destination's address does not answer any more, while a request waits for it. */
export class VanishedError extends Error {
  constructor() {
    super("the peer vanished while the request waited for its response");
    this.name = "VanishedError";
  }
}

/** Asks about a destination at most once per {@link SILENCE}, however many requests wait for it. */
export class SharedLook {
  readonly #destination: Destination;
  #askedAt = Number.NEGATIVE_INFINITY;
  #answer: Promise<boolean> = Promise.resolve(true);

  constructor(destination: Destination) {
    this.#destination = destination;
  }

  answers(): Promise<boolean> {
    const now = performance.now();
    if (now - this.#askedAt >= SILENCE) {
      this.#askedAt = now;
      this.#answer = this.#destination.answers();
    }
    return this.#answer;
  }
}

/** Breaks a waiting request off with a {@link VanishedError} once its destination does not answer; until disposed. */
export function watchSilence(request: ClientRequest, shared: SharedLook): Disposable {
  let over = false;
  const look = async (): Promise<void> => {
    const answers = await shared.answers();
    if (over) return;
    if (answers) timer.refresh();
    else request.destroy(new VanishedError());
  };
  const timer = setTimeout(() => void look(), SILENCE);
  return {
    [Symbol.dispose]: () => {
      over = true;
      clearTimeout(timer);
    },
  };
}
