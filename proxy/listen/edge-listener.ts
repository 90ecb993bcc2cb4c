// A gateway's port for HTTPS: TLS towards clients outside the mesh, with a certificate for each name that is published. A
// client that asks for another name, or for none, is refused in the handshake: there is nothing here that it could mean.
import type { Socket } from "node:net";
import { createServer, type SecureContext } from "node:tls";
import { type Connection, tlsConnection } from "../transport/connection.ts";
import { KEEP_ALIVE } from "../transport/dial.ts";
import { guard, Handshakes, type Listener, open, type Track } from "./listener.ts";

/** Milliseconds until a client's handshake must be over; clients may be far away. */
const HANDSHAKE_TIMEOUT = 10_000;
/** By preference. */
const PROTOCOLS = ["h2", "http/1.1"] as const;

export interface EdgeAccept {
  readonly accept: (connection: Connection) => void;
  /** What to present for a name at this moment; undefined: nothing. */
  readonly contextFor: (name: string) => SecureContext | undefined;
}

/** Rejects with the system's error when the port cannot be had. */
export async function listenEdge(
  address: string,
  port: number,
  { accept, contextFor }: EdgeAccept,
  track: Track,
): Promise<Listener> {
  const handshakes = new Handshakes(HANDSHAKE_TIMEOUT);
  const server = createServer({
    minVersion: "TLSv1.2",
    handshakeTimeout: HANDSHAKE_TIMEOUT,
    allowHalfOpen: true,
    noDelay: true,
    ...KEEP_ALIVE,
    SNICallback: (name, done) => {
      const context = contextFor(name);
      if (context === undefined) done(new Error("no certificate for this name"));
      else done(null, context);
    },
    ALPNCallback: ({ protocols }) => PROTOCOLS.find((each) => protocols.includes(each)),
  });
  server.on("connection", (socket: Socket) => {
    handshakes.begin(socket);
    track(socket);
  });
  server.on("secureConnection", (socket) => {
    socket.on("error", () => undefined);
    const transport = handshakes.finish(socket);
    if (transport === undefined) socket.destroy();
    else guard(socket, () => accept(tlsConnection(socket, transport)));
  });
  server.on("tlsClientError", (_error, socket) => void socket.destroy());
  await open(server, address, port);
  return { close: () => void server.close(), useIdentity: () => undefined };
}
