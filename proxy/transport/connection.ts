// One open connection as the data plane passes it around, plain or TLS.
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";

export interface Connection {
  /** Carries the payload: the TCP socket itself, or the TLS socket above it. */
  readonly socket: Socket;
  /** What ALPN agreed on; undefined without TLS or without agreement. */
  readonly protocol: string | undefined;
  /**
   * Ends it with a TCP reset, so that the other side cannot take a stream that was cut short for a complete one
   * (a TLS socket alone can only close, which looks like a regular end).
   */
  reset(): void;
}

/** A plain connection. */
export function plainConnection(socket: Socket): Connection {
  return {
    socket,
    protocol: undefined,
    reset: () => {
      if (socket.destroyed) return;
      if (isShuttingDown(socket)) socket.destroy();
      else socket.resetAndDestroy();
    },
  };
}

/** A TLS connection and the TCP socket below it, which only a reset may touch. */
export function tlsConnection(socket: TLSSocket, transport: Socket): Connection {
  const reset = (): void => {
    if (socket.destroyed) return;
    if (isShuttingDown(socket) || transport.destroyed) socket.destroy();
    // Closes the TLS socket too, once the transport is closed; destroying both at once crashes Node 24.
    else transport.resetAndDestroy();
  };
  // Not from inside a callback of the TLS engine, which goes on working with what the reset has freed.
  const protocol = socket.alpnProtocol || undefined;
  return { socket, protocol, reset: () => void setImmediate(reset) };
}

/** Node refuses a reset then and loses the descriptor; all that was written has been sent, so that a close says no less. */
function isShuttingDown(socket: Socket): boolean {
  return socket.writableEnded && socket.writableLength === 0;
}
