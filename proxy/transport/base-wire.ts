// What wires have in common, however they read and write: what their owner is told, and how they come to their end.
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
  protected started = false;
  protected paused = false;
  /** Our side was asked to end, by `end` or `close`. */
  protected ending = false;
  #owner: WireOwner | undefined;
  #sawEnd: boolean;
  #toldEnd = false;
  #resetting = false;

  protected constructor(connection: Connection) {
    const { socket } = connection;
    this.connection = connection;
    this.socket = socket;
    this.#sawEnd = socket.readableEnded;
    socket.allowHalfOpen = true;
    // Why a connection broke makes no difference here; that it is closed is told by the event for that.
    socket.on("error", () => undefined);
    socket.once("close", () => this.#tellClosed());
    socket.once("finish", () => this.#finished());
    socket.once("end", () => this.inputEnded());
  }

  abstract readonly pending: number;
  abstract send(output: Output): boolean;
  /** Begins to read, unless paused. */
  protected abstract open(): void;
  protected abstract stopReading(): void;
  protected abstract startReading(): void;
  /** Whether there is input that was read but not delivered. */
  protected abstract readonly holdsBytes: boolean;
  /** Delivers it, until it is paused. */
  protected abstract deliverHeld(): void;
  /** Ends our side as soon as nothing is pending. */
  protected abstract endWriting(): void;

  start(owner: WireOwner): void {
    this.#owner = owner;
    // Its event is over when it was closed before.
    if (this.socket.closed) queueMicrotask(() => this.#tellClosed());
    if (this.socket.destroyed) this.closed = true;
    if (this.closed) return;
    this.started = true;
    this.open();
    this.#deliverLater();
  }

  pause(): void {
    if (this.paused) return;
    this.paused = true;
    if (this.started && !this.closed) this.stopReading();
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    if (!this.started || this.closed) return;
    this.startReading();
    this.#deliverLater();
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
    if (this.started) this.startReading();
    else this.socket.resume();
    if (this.socket.writableFinished) this.#finished();
    else if (!this.ending) this.endWriting();
    this.ending = true;
  }

  reset(): void {
    this.closed = true;
    this.#resetting = true;
    this.connection.reset();
  }

  expired(): void {
    if (this.socket.writableFinished) this.#destroy();
    else this.reset();
  }

  protected deliver(bytes: Buffer, end: number): void {
    const owner = this.#owner;
    if (this.closed || owner === undefined) return;
    try {
      owner.onBytes(bytes, end);
    } catch (error) {
      this.#failed(error);
    }
  }

  /** There is no more input. */
  protected inputEnded(): void {
    this.#sawEnd = true;
    if (this.closed) this.#closeIfOver();
    else if (this.started) this.#tellEnd();
  }

  protected tellDrained(): void {
    const owner = this.#owner;
    if (this.closed || this.ending || owner === undefined) return;
    try {
      owner.onDrain();
    } catch (error) {
      this.#failed(error);
    }
  }

  /** The connection is beyond use, for a reason that is not ours. */
  protected broken(): void {
    this.closed = true;
    this.#destroy();
  }

  /** Not now: calls never nest. */
  #deliverLater(): void {
    if (!this.holdsBytes && !this.#owesEnd()) return;
    queueMicrotask(() => {
      this.deliverHeld();
      if (this.#owesEnd()) this.#tellEnd();
    });
  }

  #owesEnd(): boolean {
    return this.#sawEnd && !this.#toldEnd && !this.closed;
  }

  #tellEnd(): void {
    const owner = this.#owner;
    if (this.paused || this.holdsBytes || owner === undefined) return;
    this.#toldEnd = true;
    try {
      owner.onEnd();
    } catch (error) {
      this.#failed(error);
    }
    this.#closeIfOver();
  }

  #finished(): void {
    if (this.closed) this.deadline = performance.now() + LINGER_TIME;
    this.#closeIfOver();
  }

  /** Both sides are done when all that was to be written is written, and all that arrived was delivered, or will not be. */
  #closeIfOver(): void {
    if (!this.socket.writableFinished) return;
    if (this.#toldEnd || (this.closed && this.#sawEnd)) this.#destroy();
  }

  /** A reset is under way below a TLS socket then, and destroying both at once crashes Node 24. */
  #destroy(): void {
    if (!this.#resetting) this.socket.destroy();
  }

  #tellClosed(): void {
    const owner = this.#owner;
    this.closed = true;
    closing.delete(this);
    if (owner === undefined) return;
    this.#owner = undefined;
    try {
      owner.onClose();
    } catch (error) {
      this.#failed(error);
    }
  }

  /** A defect in the owner's code: one connection's failure stays its own. */
  #failed(error: unknown): void {
    process.emitWarning(error instanceof Error ? error : String(error));
    this.reset();
  }
}
