// Connections between a wire under test and an ordinary socket, over loopback, plain or TLS, accepted or dialed.
import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { connect as connectTls, createServer as createTlsServer, type TLSSocket } from "node:tls";
import {
  type Connection,
  plainConnection,
  tlsConnection,
} from "../../../proxy/transport/connection.ts";
import { HandleWire } from "../../../proxy/transport/handle-wire.ts";
import { handleOf } from "../../../proxy/transport/node-internals.ts";
import { Output } from "../../../proxy/transport/output.ts";
import { SocketWire } from "../../../proxy/transport/socket-wire.ts";
import { createTlsIdentity, type TlsIdentity } from "../../../proxy/transport/tls.ts";
import type { Wire, WireOwner } from "../../../proxy/transport/wire.ts";
import { TestAuthority } from "../../helpers/certificates.ts";

export type Means = "handle" | "socket";
export type Protection = "plain" | "TLS";
export type Side = "accepted" | "dialed";

export type TestedWire = HandleWire | SocketWire;

export function wireOver(means: Means, connection: Connection): TestedWire {
  if (means === "socket") return new SocketWire(connection);
  const handle = handleOf(connection.socket);
  assert(handle !== undefined);
  return new HandleWire(connection, handle);
}

/** A port that accepts and dials; both ends of each connection are at hand. */
export class WireRig {
  readonly server: Server;
  readonly #identity: TlsIdentity | undefined;
  readonly #accepted: ((connection: Connection) => void)[] = [];
  readonly #sockets = new Set<Socket>();

  private constructor(identity: TlsIdentity | undefined) {
    this.#identity = identity;
    const options = { allowHalfOpen: true, noDelay: true, pauseOnConnect: true };
    this.server = createServer(options, (socket) => this.#track(socket));
    if (identity === undefined) {
      this.server.on("connection", (socket: Socket) => this.#hand(plainConnection(socket)));
    } else {
      this.#acceptTls(identity);
    }
  }

  static async create(protection: Protection): Promise<WireRig> {
    const rig = new WireRig(protection === "TLS" ? await sharedIdentity() : undefined);
    await once(rig.server.listen(0, "127.0.0.1"), "listening");
    return rig;
  }

  /** Both ends of a new connection, open. */
  async connect(): Promise<{ accepted: Connection; dialed: Connection }> {
    const accepted = new Promise<Connection>((resolve) => this.#accepted.push(resolve));
    const dialed = await this.#dial();
    return { accepted: await accepted, dialed };
  }

  async open(means: Means, side: Side): Promise<{ wire: TestedWire; peer: Connection }> {
    const { accepted, dialed } = await this.connect();
    const [own, peer] = side === "accepted" ? [accepted, dialed] : [dialed, accepted];
    return { wire: wireOver(means, own), peer };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.server.close(), "close");
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async #dial(): Promise<Connection> {
    const { port } = this.server.address() as AddressInfo;
    const transport = connect({ host: "127.0.0.1", port, noDelay: true, allowHalfOpen: true });
    this.#track(transport);
    await once(transport, "connect");
    if (this.#identity === undefined) return plainConnection(transport);
    const socket = connectTls({
      socket: transport,
      secureContext: this.#identity.context,
      checkServerIdentity: () => undefined,
    });
    socket.on("error", () => undefined);
    await once(socket, "secureConnect");
    return tlsConnection(socket, transport);
  }

  #acceptTls(identity: TlsIdentity): void {
    const transports = new Map<number | undefined, Socket>();
    const tls = createTlsServer({ ...identity.options, requestCert: true, allowHalfOpen: true });
    this.server.on("connection", (transport: Socket) => {
      transports.set(transport.remotePort, transport);
      tls.emit("connection", transport);
    });
    tls.on("secureConnection", (socket: TLSSocket) => {
      socket.on("error", () => undefined);
      const transport = transports.get(socket.remotePort);
      transports.delete(socket.remotePort);
      assert(transport !== undefined);
      this.#hand(tlsConnection(socket, transport));
    });
  }

  #hand(connection: Connection): void {
    const take = this.#accepted.shift();
    if (take === undefined) connection.socket.destroy();
    else take(connection);
  }

  #track(socket: Socket): void {
    socket.on("error", () => undefined);
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
  }
}

let identity: Promise<TlsIdentity> | undefined;

function sharedIdentity(): Promise<TlsIdentity> {
  identity ??= TestAuthority.create()
    .then((authority) => authority.certificatesFor("orders"))
    .then((certificates) => createTlsIdentity(certificates, 1));
  return identity;
}

/** A wire's owner that writes down what happens, and that no rule of {@link WireOwner} is broken. */
export class Recorder implements WireOwner {
  readonly wire: Wire;
  readonly output: Output = new Output();
  /** "bytes" once for any number in a row. */
  readonly events: string[] = [];
  readonly violations: string[] = [];
  received: Buffer[] = [];
  paused = false;
  #calling = false;

  constructor(wire: Wire) {
    this.wire = wire;
  }

  get text(): string {
    return Buffer.concat(this.received).toString("latin1");
  }

  start(): this {
    this.#call(() => this.wire.start(this));
    return this;
  }

  send(bytes: Buffer | string): boolean {
    const source = typeof bytes === "string" ? Buffer.from(bytes) : bytes;
    this.output.append(source, 0, source.length);
    const isKeepingUp = this.#call(() => this.wire.send(this.output));
    if (this.output.length !== 0) this.violations.push("the output was not emptied");
    return isKeepingUp;
  }

  pause(): void {
    this.paused = true;
    this.#call(() => this.wire.pause());
  }

  resume(): void {
    this.paused = false;
    this.#call(() => this.wire.resume());
  }

  end(): void {
    this.#call(() => this.wire.end());
  }

  close(): void {
    this.#call(() => this.wire.close());
  }

  reset(): void {
    this.#call(() => this.wire.reset());
  }

  onBytes(bytes: Buffer, end: number): void {
    this.#note("bytes");
    if (this.paused) this.violations.push("bytes while paused");
    if (end > 65_536) this.violations.push("more bytes than a read has");
    this.received.push(Buffer.from(bytes.subarray(0, end)));
  }

  onEnd(): void {
    this.#note("end");
    if (this.paused) this.violations.push("end while paused");
  }

  onDrain(): void {
    this.#note("drain");
  }

  onClose(): void {
    this.#note("close");
  }

  #call<T>(work: () => T): T {
    this.#calling = true;
    try {
      return work();
    } finally {
      this.#calling = false;
    }
  }

  #note(event: string): void {
    if (this.#calling) this.violations.push(`${event} from inside a call to the wire`);
    if (this.events.includes("close")) this.violations.push(`${event} after close`);
    if (this.wire.closed && event !== "close") this.violations.push(`${event} when closed`);
    if (event !== "bytes" || this.events.at(-1) !== "bytes") this.events.push(event);
  }
}
