// HTTP/2 by hand (RFC 9113 §4.1), for what no library would send.
import { once } from "node:events";
import { connect, type Socket } from "node:net";

export const FRAME = {
  DATA: 0x0,
  HEADERS: 0x1,
  RST_STREAM: 0x3,
  SETTINGS: 0x4,
  PING: 0x6,
  GOAWAY: 0x7,
  CONTINUATION: 0x9,
} as const;
export const END_STREAM = 0x1;
export const END_HEADERS = 0x4;

const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

export function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** Fields without compression (RFC 7541 §6.2.2); names and values of at most 126 bytes. */
export function fieldBlock(...pairs: readonly string[]): Buffer {
  const parts: Buffer[] = [];
  for (let index = 0; index + 1 < pairs.length; index += 2) {
    parts.push(Buffer.of(0));
    for (const text of [pairs[index] ?? "", pairs[index + 1] ?? ""])
      parts.push(Buffer.of(text.length), Buffer.from(text, "latin1"));
  }
  return Buffer.concat(parts);
}

/** The fields of a GET. */
export const GET_FIELDS: readonly string[] = [
  ...[":method", "GET", ":scheme", "http"],
  ...[":authority", "orders:8080", ":path", "/"],
];

/** A connection that has sent its preface, and these frames with it. */
export async function openRaw(port: number, ...frames: readonly Buffer[]): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  socket.on("error", () => undefined).resume();
  const settings = frame(FRAME.SETTINGS, 0, 0, Buffer.alloc(0));
  socket.write(Buffer.concat([Buffer.from(PREFACE), settings, ...frames]));
  return socket;
}

/** The types of the frames in what a client sent, as far as they are complete. */
export function frameTypes(bytes: Buffer): number[] {
  const types: number[] = [];
  let at = PREFACE.length;
  while (at + 9 <= bytes.length) {
    types.push(bytes.readUInt8(at + 3));
    at += 9 + bytes.readUIntBE(at, 3);
  }
  return types;
}
