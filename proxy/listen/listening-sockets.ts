// Who listens in this network namespace, as the kernel lists it: ports that a predecessor and its successor share can be
// had by any other process of the same user that asks for it, and nobody would be told.
import { closeSync, openSync, readSync } from "node:fs";

export interface ListeningSocket {
  readonly address: string;
  readonly port: number;
}

const LIST = "/proc/net/tcp";
/** The state in the kernel's own number. */
const LISTEN = "0A";
const CHUNK = 16_384;
const ALL_ADDRESSES = "0.0.0.0";

/** All sockets that listen on IPv4. Empty where the list cannot be read: then nobody is suspected. */
export function readListening(): readonly ListeningSocket[] {
  try {
    return parseListening(readListeners());
  } catch {
    return [];
  }
}

/** The lines of the kernel's list that are about listening sockets, which are its first. */
export function parseListening(list: string): ListeningSocket[] {
  const sockets: ListeningSocket[] = [];
  for (const line of list.split("\n").slice(1)) {
    const [, place = "", , state] = line.trim().split(/\s+/);
    if (state !== LISTEN) break;
    const [address = "", port = ""] = place.split(":");
    sockets.push({ address: parseAddress(address), port: Number.parseInt(port, 16) });
  }
  return sockets;
}

/** Whether some connections to ours may reach theirs; a more exact address of ours gets its own. */
export function overlaps(ours: ListeningSocket, theirs: ListeningSocket): boolean {
  const isSame = ours.address === theirs.address || ours.address === ALL_ADDRESSES;
  return isSame && ours.port === theirs.port;
}

/** The beginning of the list: what follows the listening sockets can be a line for each of thousands of connections. */
function readListeners(): string {
  const file = openSync(LIST, "r");
  try {
    const buffer = Buffer.alloc(CHUNK);
    let text = "";
    for (;;) {
      const count = readSync(file, buffer, 0, CHUNK, null);
      text += buffer.toString("latin1", 0, count);
      if (count === 0 || isPastListeners(text)) return text;
    }
  } finally {
    closeSync(file);
  }
}

/** Judged by the last line that is whole. */
function isPastListeners(text: string): boolean {
  const lines = text.slice(0, text.lastIndexOf("\n")).split("\n");
  const last = lines.length > 1 ? lines.at(-1) : undefined;
  return last !== undefined && last.trim().split(/\s+/)[3] !== LISTEN;
}

/** Eight hexadecimal digits: the four bytes as a number of this machine, which is little-endian wherever Node runs. */
function parseAddress(text: string): string {
  return (text.match(/../g) ?? [])
    .map((byte) => Number.parseInt(byte, 16))
    .reverse()
    .join(".");
}
