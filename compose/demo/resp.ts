// Redis' wire format (RESP 2) as pure functions of bytes: commands out, replies in. No sockets here.

/** What Redis answers; undefined is its nil. An error is a value, since it may stand inside an array. */
export type RedisReply = string | number | undefined | ReplyError | readonly RedisReply[];

/** An error that Redis answered, e.g. `ERR unknown command`. */
export class ReplyError extends Error {}

/** The stream holds something that is not RESP 2: the connection is of no more use. */
export class ProtocolError extends Error {}

/** No reply of this shop comes near this many bytes; a stream that does is not what we asked for. */
const REPLY_LIMIT = 1024 * 1024;

export function encodeCommand(words: readonly string[]): Buffer {
  const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
  return Buffer.from(`*${words.length}\r\n${parts.join("")}`);
}

/** Cuts a byte stream, however fragmented, into replies. */
export class ReplyParser {
  #pending: Buffer = Buffer.alloc(0);

  /** The replies that the chunk completes, in order; throws {@link ProtocolError}. */
  push(chunk: Buffer): readonly RedisReply[] {
    const bytes = Buffer.concat([this.#pending, chunk]);
    const replies: RedisReply[] = [];
    let start = 0;
    for (let parsed = parse(bytes, 0); parsed !== undefined; parsed = parse(bytes, start)) {
      replies.push(parsed.reply);
      start = parsed.end;
    }
    this.#pending = bytes.subarray(start);
    if (this.#pending.length > REPLY_LIMIT) throw new ProtocolError("the reply is too long");
    return replies;
  }
}

interface Parsed {
  readonly reply: RedisReply;
  /** Where the next reply starts. */
  readonly end: number;
}

/** One reply at `start`, or undefined while its end has not arrived. */
function parse(bytes: Buffer, start: number): Parsed | undefined {
  const lineEnd = bytes.indexOf("\r\n", start);
  if (lineEnd < 0) return undefined;
  const line = bytes.toString("utf8", start + 1, lineEnd);
  const end = lineEnd + 2;
  switch (String.fromCharCode(bytes[start] ?? 0)) {
    case "+":
      return { reply: line, end };
    case "-":
      return { reply: new ReplyError(line), end };
    case ":":
      return { reply: parseInteger(line), end };
    case "$":
      return parseBulk(bytes, end, parseInteger(line));
    case "*":
      return parseArray(bytes, end, parseInteger(line));
    default:
      throw new ProtocolError(`expected the start of a reply, got byte ${bytes[start]}`);
  }
}

function parseBulk(bytes: Buffer, start: number, length: number): Parsed | undefined {
  if (length < 0) return { reply: undefined, end: start };
  const end = start + length;
  if (bytes.length < end + 2) return undefined;
  return { reply: bytes.toString("utf8", start, end), end: end + 2 };
}

function parseArray(bytes: Buffer, start: number, length: number): Parsed | undefined {
  if (length < 0) return { reply: undefined, end: start };
  const reply: RedisReply[] = [];
  let end = start;
  while (reply.length < length) {
    const element = parse(bytes, end);
    if (element === undefined) return undefined;
    reply.push(element.reply);
    end = element.end;
  }
  return { reply, end };
}

function parseInteger(text: string): number {
  if (!/^-?\d{1,15}$/.test(text)) {
    throw new ProtocolError(`expected a number, got ${JSON.stringify(text.slice(0, 40))}`);
  }
  return Number(text);
}
