// The server name in the first message of TLS (RFC 8446 §4.1.2, RFC 6066 §3): bytes in, name out. Strict and bounded: what is
// not exactly as the RFCs say has no name, and whoever has none is not let out. Nothing is decrypted.

/** `incomplete`: what follows may make it one of the others. */
export type ServerName =
  | { readonly kind: "incomplete" }
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "none" }
  | { readonly kind: "malformed" };

/** The first byte of every TLS connection: a record of the handshake. */
export const HANDSHAKE_RECORD = 0x16;
/** Bytes of a ClientHello; those of browsers, with their keys for post-quantum exchange, have some 2,000. */
const LONGEST_HELLO = 16_384;
/** Bytes with the headers of its records: nobody cuts it into pieces of a few bytes but to confuse. */
const LONGEST_OPENING = 2 * LONGEST_HELLO;
const RECORD_HEADER = 5;
const LONGEST_RECORD = 16_384;
const MESSAGE_HEADER = 4;
const CLIENT_HELLO = 1;
const RANDOM = 32;
const LONGEST_SESSION_ID = 32;
const SERVER_NAME = 0;
const HOST_NAME = 0;

const INCOMPLETE: ServerName = { kind: "incomplete" };
const NONE: ServerName = { kind: "none" };
const MALFORMED: ServerName = { kind: "malformed" };

/** Of a connection that begins with `bytes`. What stands behind the message is not looked at. */
export function readServerName(bytes: Buffer): ServerName {
  const message = assemble(bytes);
  if (!Buffer.isBuffer(message)) return message;
  const parts = new Parts(message);
  parts.skip(2);
  parts.skip(RANDOM);
  if (parts.vector(1).length > LONGEST_SESSION_ID) return MALFORMED;
  const suites = parts.vector(2).length;
  const compressions = parts.vector(1).length;
  if (parts.broken || suites < 2 || suites % 2 === 1 || compressions < 1) return MALFORMED;
  if (parts.left === 0) return NONE;
  const extensions = parts.vector(2);
  if (parts.broken || parts.left > 0) return MALFORMED;
  return nameAmong(new Parts(extensions));
}

/** The whole message without its header. */
function assemble(bytes: Buffer): Buffer | ServerName {
  const { payload, continues } = readRecords(bytes);
  if (payload.length > 0 && payload[0] !== CLIENT_HELLO) return MALFORMED;
  const length = payload.length < MESSAGE_HEADER ? 0 : payload.readUIntBE(1, 3);
  const wanted = MESSAGE_HEADER + length;
  if (wanted > LONGEST_HELLO) return MALFORMED;
  if (payload.length >= wanted) return payload.subarray(MESSAGE_HEADER, wanted);
  return continues && bytes.length <= LONGEST_OPENING ? INCOMPLETE : MALFORMED;
}

/** What the records carry as far as they are of the handshake; `continues`: what follows may be so, too. */
function readRecords(bytes: Buffer): { readonly payload: Buffer; readonly continues: boolean } {
  const fragments: Buffer[] = [];
  let at = 0;
  let length: number | undefined = 0;
  while (at < bytes.length && length !== undefined) {
    length = recordLength(bytes.subarray(at, at + RECORD_HEADER));
    const start = at + RECORD_HEADER;
    fragments.push(bytes.subarray(start, start + (length ?? 0)));
    at = start + (length ?? 0);
  }
  return { payload: Buffer.concat(fragments), continues: length !== undefined };
}

/** As far as its header has come; undefined for what is no record of the handshake. */
function recordLength(record: Buffer): number | undefined {
  const [type = HANDSHAKE_RECORD, major = 3, , , low] = record;
  if (type !== HANDSHAKE_RECORD || major !== 3) return undefined;
  if (low === undefined) return LONGEST_RECORD;
  const length = record.readUInt16BE(3);
  return length > 0 && length <= LONGEST_RECORD ? length : undefined;
}

function nameAmong(extensions: Parts): ServerName {
  let found: ServerName = NONE;
  const seen = new Set<number>();
  while (extensions.left > 0) {
    const type = extensions.number(2);
    const data = extensions.vector(2);
    if (extensions.broken || seen.has(type)) return MALFORMED;
    seen.add(type);
    if (type === SERVER_NAME) found = onlyName(new Parts(data));
    if (found.kind === "malformed") return found;
  }
  return found;
}

/** The list has one entry of the one type there is: with more, a server might take another one than we do. */
function onlyName(data: Parts): ServerName {
  const list = new Parts(data.vector(2));
  const type = list.number(1);
  const name = list.vector(2).toString("latin1").toLowerCase();
  const isWhole = !data.broken && data.left === 0 && !list.broken && list.left === 0;
  return isWhole && type === HOST_NAME && isHostName(name) ? { kind: "name", name } : MALFORMED;
}

const HOST_NAME_TEXT =
  /^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const LONGEST_NAME = 253;

/** A name of DNS in lower case without the dot at its end; its last label begins with a letter, as no address does. */
export function isHostName(text: string): boolean {
  return text.length <= LONGEST_NAME && HOST_NAME_TEXT.test(text);
}

/** Reads what TLS is made of. After a length that leads too far all is empty, and `broken` says so. */
class Parts {
  broken = false;
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  skip(count: number): void {
    this.#take(count);
  }

  number(size: 1 | 2): number {
    const bytes = this.#take(size);
    return bytes.length === size ? bytes.readUIntBE(0, size) : 0;
  }

  /** Bytes behind their length. */
  vector(size: 1 | 2): Buffer {
    return this.#take(this.number(size));
  }

  #take(count: number): Buffer {
    if (count > this.left) this.broken = true;
    const taken = this.broken ? 0 : count;
    this.#at += taken;
    return this.#bytes.subarray(this.#at - taken, this.#at);
  }
}
