// Whether the own application takes connections on one of its ports. It is noticed rather than asked for: by the connections
// that requests need anyway, and by one more when the application has ended one of them. An application that was told to
// stop may be gone within milliseconds, and its network with it; what a caller sends then is lost without a word. So callers
// have to hear of it from here: there is no time for the engine, the agent and the catalog to tell them.
import type { Connection } from "../transport/connection.ts";
import { dialTcp, isRefusal } from "../transport/dial.ts";

const ADDRESS = "127.0.0.1";

export class ApplicationPort {
  readonly #port: number;
  readonly #onRefused: () => void;
  #refusing = false;
  #looking = false;

  /** `onRefused`: it refuses connections from now on; heard once until it has taken one again. */
  constructor(port: number, onRefused: () => void) {
    this.#port = port;
    this.#onRefused = onRefused;
  }

  /** Opens a connection to it. Rejects as {@link dialTcp}. */
  async dial(signal: AbortSignal): Promise<Connection> {
    try {
      const connection = await dialTcp(ADDRESS, this.#port, signal);
      this.#refusing = false;
      return connection;
    } catch (error) {
      if (isRefusal(error)) this.#refused();
      throw error;
    }
  }

  /** The application has ended a connection of its own accord: it may be about to end altogether. */
  hasEnded(signal: AbortSignal): void {
    if (this.#looking || this.#refusing || signal.aborted) return;
    this.#looking = true;
    void this.#look(signal);
  }

  async #look(signal: AbortSignal): Promise<void> {
    try {
      const { socket } = await this.dial(signal);
      socket.destroy();
    } catch {
      // What there is to do about a refusal was done.
    } finally {
      this.#looking = false;
    }
  }

  #refused(): void {
    if (this.#refusing) return;
    this.#refusing = true;
    this.#onRefused();
  }
}
