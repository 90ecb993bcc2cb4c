// Kept-alive connections, one pool per destination, on node:http's Agent. Its connecting is replaced by the
// destination's own dial, and what it believes about idle connections by rules of ours.
import { Agent, type ClientRequest, type ClientRequestArgs } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Destination } from "../forwarder.ts";
import { SharedLook } from "./silence.ts";

/** Milliseconds an idle connection is kept: less than the 5 s after which many servers close theirs. */
const IDLE_TIMEOUT = 4_000;
const MAX_IDLE_PER_DESTINATION = 64;

/** The connections of one destination. */
export class DestinationPool extends Agent {
  readonly #destination: Destination;
  readonly look: SharedLook;
  readonly #signal: AbortSignal;
  #retired = false;

  constructor(destination: Destination, look: SharedLook, reuse: boolean, signal: AbortSignal) {
    super({ keepAlive: reuse, maxFreeSockets: MAX_IDLE_PER_DESTINATION });
    this.#destination = destination;
    this.look = look;
    this.#signal = signal;
  }

  override createConnection(
    _options: ClientRequestArgs,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    // Node's type wants a stream beside an error; its code looks at the error alone.
    const settle = callback as ((error: Error | null, stream?: Duplex) => void) | undefined;
    this.#destination.dial(this.#signal).then(
      ({ socket }) => settle?.(null, socket),
      (error: Error) => settle?.(error),
    );
    return undefined;
  }

  /** False closes the connection, which is what a retired pool wants. */
  override keepSocketAlive(socket: Duplex): boolean {
    if (this.#retired) return false;
    (socket as Socket).setTimeout(IDLE_TIMEOUT);
    return true;
  }

  override reuseSocket(socket: Duplex, request: ClientRequest): void {
    super.reuseSocket(socket, request);
    (socket as Socket).setTimeout(0);
  }

  /** Closes idle connections now, and the others when their request is over. */
  retire(): void {
    this.#retired = true;
    for (const socket of Object.values(this.freeSockets).flatMap((idle) => idle ?? [])) {
      socket.destroy();
    }
  }
}

/** Every pool of a forwarder. */
export class Pools {
  readonly #pools = new Map<string, DestinationPool>();
  readonly #signal: AbortSignal;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** The pool to take a connection from. */
  reusing(destination: Destination): DestinationPool {
    const known = this.#pools.get(destination.key);
    if (known !== undefined) return known;
    const look = new SharedLook(destination);
    const pool = new DestinationPool(destination, look, true, this.#signal);
    this.#pools.set(destination.key, pool);
    return pool;
  }

  /** A pool for one request that must not share a connection with an earlier one. */
  fresh(destination: Destination): DestinationPool {
    const look = this.#pools.get(destination.key)?.look ?? new SharedLook(destination);
    return new DestinationPool(destination, look, false, this.#signal);
  }

  retain(keys: ReadonlySet<string>): void {
    for (const [key, pool] of this.#pools) {
      if (keys.has(key)) continue;
      pool.retire();
      this.#pools.delete(key);
    }
  }
}
