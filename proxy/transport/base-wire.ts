// What wires have in common, however they read and write: who is told, and how they come to their end.
import type { Socket } from "node:net";
import type { Connection } from "./connection.ts";
import { Deadlines, type Expiring } from "./deadlines.ts";
import type { Output } from "./output.ts";
import type { Wire, WireOwner } from "./wire.ts";

/** Milliseconds that a closing wire waits for a peer that does not read what is left. */
const FLUSH_TIME = 10_000;
/**
 * Milliseconds that it waits afterwards for the peer to end as well, discarding what still arrives: to close at once would
 * make the kernel answer that with a reset, which can take the last response from the peer (RFC 9112 §9.6).
 */
const LINGER_TIME = 1_000;

const closing = new Deadlines();

export abstract class BaseWire implements Wire, Expiring {
  readonly connection: Connection;
  closed = false;
  deadline: number = Number.POSITIVE_INFINITY;
  protected readonly socket: Socket;
  protected owner: WireOwner | undefined;
  /** Whether our side was asked to end, by `end` or `close`. */
  protected ending = false;

  protected constructor(connection: Connection) {
    this.connection = connection;
    this.socket = connection.socket;
    this.socket.allowHalfOpen = true;
    // Why a connection broke makes no difference here; that it is closed is told by the event for that.
    this.socket.on("error", () => undefined);
    this.socket.once("close", () => this.#tellClosed());
    this.socket.once("finish", () => this.#finished());
  }

  abstract readonly pending: number;
  abstract send(output: Output): boolean;
  abstract pause(): void;
  abstract resume(): void;
  /** Begins to read. */
  protected abstract open(): void;
  /** Ends our side as soon as nothing is pending. */
  protected abstract endWriting(): void;
  /** From now on input is thrown away. */
  protected abstract discardInput(): void;
  /** Whether all input was seen, and, unless that does not matter any more, delivered. */
  protected abstract hasEnded(): boolean;

  start(owner: WireOwner): void {
    this.owner = owner;
    // Its event is over when it was closed before.
    if (this.socket.closed) queueMicrotask(() => this.#tellClosed());
    else if (this.socket.destroyed) this.closed = true;
    else if (!this.closed) this.open();
  }

  end(): void {
    if (this.ending || this.closed) return;
    this.ending = true;
    this.endWriting();
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    if (this.socket.destroyed) return;
    this.deadline = performance.now() + FLUSH_TIME;
    closing.add(this);
    this.discardInput();
    if (this.socket.writableFinished) this.#finished();
    else if (!this.ending) this.endWriting();
    this.ending = true;
  }

  reset(): void {
    this.closed = true;
    this.connection.reset();
  }

  expired(): void {
    if (this.socket.writableFinished) this.socket.destroy();
    else this.connection.reset();
  }

  /** All input was seen: with our side ended before, that was all. */
  protected inputEnded(): void {
    if (this.socket.writableFinished) this.socket.destroy();
  }

  /** The connection is beyond use, for a reason that is not ours. */
  protected broken(): void {
    this.closed = true;
    this.socket.destroy();
  }

  /** A defect in the owner's code: one connection's failure stays its own. */
  protected failed(error: unknown): void {
    process.emitWarning(error instanceof Error ? error : String(error));
    this.reset();
  }

  #finished(): void {
    if (this.hasEnded()) this.socket.destroy();
    else if (this.closed) this.deadline = performance.now() + LINGER_TIME;
  }

  #tellClosed(): void {
    const { owner } = this;
    this.closed = true;
    closing.delete(this);
    if (owner === undefined) return;
    this.owner = undefined;
    try {
      owner.onClose();
    } catch (error) {
      this.failed(error);
    }
  }
}
