// Real connections on loopback for tests of links, plain or mutual TLS, and a peer that speaks frames by hand.
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { connect as connectTls, createServer as createTlsServer, type TLSSocket } from "node:tls";
import { writeFrameHeader } from "../../../proxy/link/frames.ts";
import { OUR_SETTINGS, SETTINGS_SIZE, writeSettings } from "../../../proxy/link/settings.ts";
import { plainConnection, tlsConnection } from "../../../proxy/transport/connection.ts";
import { openWire } from "../../../proxy/transport/open-wire.ts";
import type { Wire } from "../../../proxy/transport/wire.ts";
import { TestAuthority } from "../../helpers/certificates.ts";

/** Both ends of one connection. */
export interface WirePair {
  readonly near: Wire;
  readonly far: Wire;
}

/** Connections that end with the test. */
export class Connections {
  readonly #sockets: Socket[] = [];

  close(): void {
    for (const socket of this.#sockets.splice(0)) socket.destroy();
  }

  /** Plain TCP. */
  async plain(): Promise<WirePair> {
    const [near, far] = await this.#pair();
    return { near: openWire(plainConnection(near)), far: openWire(plainConnection(far)) };
  }

  /** Mutual TLS 1.3, as between sidecars. */
  async tls(): Promise<WirePair> {
    const { certificateChain, privateKey, roots } = await certificates();
    const options = { cert: certificateChain, key: privateKey, ca: [...roots] };
    const server = createTlsServer({ ...options, requestCert: true, minVersion: "TLSv1.3" });
    const accepted = once(server, "secureConnection") as Promise<[TLSSocket]>;
    const port = await listen(server);
    const transport = connect({ host: "127.0.0.1", port, noDelay: true, allowHalfOpen: true });
    const near = connectTls({
      socket: transport,
      ...options,
      checkServerIdentity: () => undefined,
    });
    await once(near, "secureConnect");
    const [far] = await accepted;
    server.close();
    this.#sockets.push(near, far);
    return {
      near: openWire(tlsConnection(near, transport)),
      far: openWire(plainConnection(far)),
    };
  }

  /** One of our wires, and a socket to say anything to it. */
  async withPeer(): Promise<{ readonly wire: Wire; readonly peer: FramePeer }> {
    const [near, far] = await this.#pair();
    return { wire: openWire(plainConnection(near)), peer: new FramePeer(far) };
  }

  async #pair(): Promise<[Socket, Socket]> {
    const server = createServer({ noDelay: true, allowHalfOpen: true });
    const accepted = once(server, "connection") as Promise<[Socket]>;
    const port = await listen(server);
    const near = connect({ host: "127.0.0.1", port, noDelay: true, allowHalfOpen: true });
    await once(near, "connect");
    const [far] = await accepted;
    server.close();
    this.#sockets.push(near, far);
    return [near, far];
  }
}

let issued: ReturnType<TestAuthority["certificatesFor"]> | undefined;

function certificates(): ReturnType<TestAuthority["certificatesFor"]> {
  issued ??= TestAuthority.create().then((authority) => authority.certificatesFor("shop-orders"));
  return issued;
}

async function listen(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** A frame as a test sees it. */
export interface SeenFrame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

/** A frame's bytes. */
export function frame(
  type: number,
  flags: number,
  stream: number,
  payload: Buffer | string = "",
): Buffer {
  const bytes = Buffer.from(payload as string, "latin1");
  const header = Buffer.alloc(8);
  writeFrameHeader(header, 0, type, flags, stream, bytes.length);
  return Buffer.concat([header, bytes]);
}

/** A number as payload. */
export function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** The payload of ordinary SETTINGS. */
export function settings(changes: Partial<typeof OUR_SETTINGS> = {}): Buffer {
  const bytes = Buffer.alloc(SETTINGS_SIZE);
  writeSettings(bytes, 0, { ...OUR_SETTINGS, ...changes });
  return bytes;
}

/** Speaks frames by hand, and keeps what it is told. */
export class FramePeer {
  readonly frames: SeenFrame[] = [];
  ended = false;
  closed = false;
  readonly socket: Socket;
  #input: Buffer = Buffer.alloc(0);

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("error", () => undefined);
    socket.on("data", (bytes) => this.#read(bytes));
    socket.on("end", () => {
      this.ended = true;
    });
    socket.on("close", () => {
      this.closed = true;
    });
  }

  say(...frames: readonly Buffer[]): void {
    this.socket.write(Buffer.concat(frames));
  }

  of(type: number): readonly SeenFrame[] {
    return this.frames.filter((each) => each.type === type);
  }

  #read(bytes: Buffer): void {
    this.#input = takeFrames(Buffer.concat([this.#input, bytes]), this.frames);
  }
}

/** Adds the frames to `found`; returns the beginning of the next one. */
export function takeFrames(bytes: Buffer, found: SeenFrame[]): Buffer {
  let at = 0;
  while (bytes.length - at >= 8) {
    const end = at + 8 + bytes.readUIntBE(at, 3);
    if (end > bytes.length) break;
    const kind = bytes.readUInt8(at + 3);
    found.push({
      ...{ type: kind & 15, flags: kind >> 4, stream: bytes.readUInt32BE(at + 4) },
      payload: bytes.subarray(at + 8, end),
    });
    at = end;
  }
  return bytes.subarray(at);
}
