// One open connection as the data plane passes it around, plain or TLS.
import type { Socket } from "node:net";

export interface Connection {
  /** Carries the payload: the TCP socket itself, or the TLS socket above it. */
  readonly socket: Socket;
  /**
   * Ends it with a TCP reset, so that the other side cannot take a stream that was cut short for a complete one
   * (a TLS socket alone can only close, which looks like a regular end).
   */
  reset(): void;
}

/** A connection whose bytes are `socket`'s and whose TCP socket is `transport`: the same one without TLS. */
export function asConnection(socket: Socket, transport: Socket = socket): Connection {
  return {
    socket,
    reset: () => {
      if (!transport.destroyed) transport.resetAndDestroy();
      socket.destroy();
    },
  };
}
