// From a client outside the mesh to a published service. Which protocol is spoken ALPN has said, or the first bytes do.
import { accept } from "../accept.ts";
import type { DataPlane } from "../data-plane.ts";
import type { Connection } from "../transport/connection.ts";
import { GatewayRequests } from "./gateway-requests.ts";

/** Takes a connection that came in at that port. */
export function acceptClient(
  plane: DataPlane,
  connection: Connection,
  scheme: "http" | "https",
  port: number,
): void {
  const { engine } = plane;
  const address = connection.socket.remoteAddress;
  // It is gone already.
  if (address === undefined) {
    connection.socket.destroy();
    return;
  }
  const requests = new GatewayRequests(plane, { address, scheme, port });
  if (connection.protocol === "h2") engine.serveHttp2(connection, requests);
  else if (scheme === "https") engine.serve(connection, requests);
  else {
    const nothing = (): void => undefined;
    accept(
      connection,
      "http",
      {
        http1: () => engine.serve(connection, requests),
        http2: () => engine.serveHttp2(connection, requests),
        // Ports of protocol http carry neither.
        tcp: nothing,
        dialTcp: () => Promise.reject(new Error("a gateway carries no byte streams")),
        hold: () => ({ [Symbol.dispose]: nothing }),
        countStream: nothing,
      },
      engine.deadlines,
    );
  }
}
