// A wire whose peer reads only when the test says so: how much a link composes meanwhile does not depend on the kernel.
import { Socket } from "node:net";
import { type Connection, plainConnection } from "../../../proxy/transport/connection.ts";
import type { Output } from "../../../proxy/transport/output.ts";
import type { Wire, WireOwner } from "../../../proxy/transport/wire.ts";
import { type SeenFrame, takeFrames } from "./connections.ts";

export class StalledWire implements Wire {
  readonly connection: Connection = plainConnection(new Socket());
  readonly frames: SeenFrame[] = [];
  closed = false;
  wasReset = false;
  pending = 0;
  /** The next bytes that are sent show that the connection is gone. */
  breaks = false;
  #input: Buffer = Buffer.alloc(0);
  #owner: WireOwner | undefined;

  start(owner: WireOwner): void {
    this.#owner = owner;
  }

  send(output: Output): boolean {
    const bytes = Buffer.from(output.view());
    output.length = 0;
    if (this.breaks) this.lose();
    this.#input = takeFrames(Buffer.concat([this.#input, bytes]), this.frames);
    this.pending += bytes.length;
    return false;
  }

  pause(): void {}

  resume(): void {}

  end(): void {}

  close(): void {
    this.closed = true;
  }

  reset(): void {
    this.wasReset = true;
    this.close();
  }

  /** Something arrives. */
  receive(...frames: readonly Buffer[]): void {
    const bytes = Buffer.concat(frames);
    this.#owner?.onBytes(bytes, bytes.length);
  }

  /** The peer has read all that was sent. */
  drain(): void {
    this.pending = 0;
    this.#owner?.onDrain();
  }

  /** The connection is gone. */
  lose(): void {
    this.closed = true;
    this.#owner?.onClose();
  }
}
