// One open port. What it accepts is handed on; closing it leaves the accepted connections alone.
import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TLSSocket } from "node:tls";
import { LINK_PROTOCOL } from "../link/protocol.ts";
import { TCP_PROTOCOL } from "../tcp/protocol.ts";
import { type Connection, plainConnection, tlsConnection } from "../transport/connection.ts";
import { KEEP_ALIVE } from "../transport/dial.ts";
import { PEER_PURPOSE, refuseChain } from "../transport/peer-chain.ts";
import type { TlsIdentity } from "../transport/tls.ts";
import { openPort } from "./open-port.ts";

/** Milliseconds until a caller's TLS handshake must be over. */
const HANDSHAKE_TIMEOUT = 2_000;

export interface Listener {
  /** Stops accepting. */
  close(): void;
  /** For new connections; only listeners of mutual TLS have an identity. */
  useIdentity(identity: TlsIdentity): void;
}

/** A connection as it was accepted, before any handshake: for ending all of them. */
export type Track = (socket: Socket) => void;

export interface TlsAccept {
  /** The handshake is over and the chain verified. */
  readonly accept: (connection: Connection, socket: TLSSocket) => void;
  /** The peer had no certificate, or none that chains to our roots. */
  readonly refuse: (peer: string, reason: unknown) => void;
}

/** Rejects with the system's error when the port cannot be had. */
export async function listenPlain(
  address: string,
  port: number,
  accept: (connection: Connection) => void,
  track: Track,
): Promise<Listener> {
  const server = createServer(LISTENING, (socket) => {
    // Whoever takes the connection adds its own; until then an error must not become an uncaught one.
    socket.on("error", () => undefined);
    track(socket);
    guard(socket, () => accept(plainConnection(socket)));
  });
  await open(server, address, port);
  return { close: () => void server.close(), useIdentity: () => undefined };
}

/** Mutual TLS 1.3. Rejects with the system's error when the port cannot be had. */
export async function listenTls(
  address: string,
  port: number,
  identity: TlsIdentity,
  { accept, refuse }: TlsAccept,
  track: Track,
): Promise<Listener> {
  const handshakes = new Handshakes(HANDSHAKE_TIMEOUT);
  let { roots } = identity;
  const server = createTlsServer({
    ...identity.options,
    requestCert: true,
    // Node would accept or refuse by its own judgement of the chain; ours comes right after the handshake.
    rejectUnauthorized: false,
    handshakeTimeout: HANDSHAKE_TIMEOUT,
    allowHalfOpen: true,
    noDelay: true,
    ...KEEP_ALIVE,
    ALPNCallback: ({ protocols }) => chooseProtocol(protocols),
  });
  server.on("connection", (socket: Socket) => {
    handshakes.begin(socket);
    track(socket);
  });
  server.on("secureConnection", (socket) => {
    socket.on("error", () => undefined);
    const transport = handshakes.finish(socket);
    const refusal = refuseChain(socket, PEER_PURPOSE.client, roots, Date.now());
    if (refusal !== undefined) refuse(socket.remoteAddress ?? "unknown", refusal);
    if (transport === undefined || refusal !== undefined) socket.destroy();
    else guard(socket, () => accept(tlsConnection(socket, transport), socket));
  });
  server.on("tlsClientError", (_error, socket) => void socket.destroy());
  await open(server, address, port);
  return {
    close: () => void server.close(),
    useIdentity: (next) => {
      server.setSecureContext(next.options);
      ({ roots } = next);
    },
  };
}

/** Nothing is read before it is clear who reads. */
const LISTENING = {
  ...{ allowHalfOpen: true, noDelay: true, pauseOnConnect: true },
  ...KEEP_ALIVE,
} as const;

/** Ours, if offered. Foreign peers may offer what they like: it is echoed, and says nothing about the bytes. */
function chooseProtocol(offered: readonly string[]): string | undefined {
  return offered.find((id) => id === LINK_PROTOCOL || id === TCP_PROTOCOL) ?? offered[0];
}

/** The TCP sockets of one listener whose handshake is going on: a TLS socket does not give out the one below it. */
export class Handshakes {
  readonly #timeout: number;
  readonly #transports = new Map<string, Socket>();

  /** How long one may take, ms. */
  constructor(timeout: number) {
    this.#timeout = timeout;
  }

  begin(transport: Socket): void {
    const name = peerName(transport);
    this.#transports.set(name, transport);
    // Node's own time limit overlooks a peer that resets at the end of the handshake, and keeps its descriptor for ever.
    const timer = setTimeout(() => {
      if (this.#transports.get(name) === transport) transport.destroy();
    }, this.#timeout * 2);
    transport.once("close", () => {
      clearTimeout(timer);
      if (this.#transports.get(name) === transport) this.#transports.delete(name);
    });
  }

  finish(socket: TLSSocket): Socket | undefined {
    const name = peerName(socket);
    const transport = this.#transports.get(name);
    this.#transports.delete(name);
    return transport;
  }
}

function peerName(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort}`;
}

/** One connection's failure stays its own. */
export function guard(socket: Socket, accept: () => void): void {
  try {
    accept();
  } catch {
    socket.destroy();
  }
}

export async function open(server: Server, address: string, port: number): Promise<void> {
  await openPort(server, address, port);
  // Later ones are about single connections that could not be accepted.
  server.on("error", () => undefined);
}
