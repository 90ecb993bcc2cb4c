// A second reader of HTTP/1.1, for tests alone: slow, made of text, and deaf to everything but the plain forms. It sees
// what came out of a proxy as a destination or a caller would, and shares no code with the engine.

export interface Message {
  readonly line: string;
  /** Name in lower case, value; in order. */
  readonly fields: readonly (readonly [string, string])[];
  /** Decoded, one character per byte. */
  readonly body: string;
  readonly trailers: readonly (readonly [string, string])[];
}

export interface Reading {
  readonly messages: readonly Message[];
  /** What follows the last complete message. */
  readonly rest: string;
}

/** How bodies end: `eof` says that nothing more will come. */
interface Ends {
  readonly methods: readonly string[];
  readonly eof: boolean;
}

/** All complete requests at the beginning of the bytes. An upgrade request is the last one. */
export function readRequests(bytes: Buffer): Reading {
  return readMessages(bytes.toString("latin1"), undefined);
}

/** All complete responses to requests of these methods. */
export function readResponses(bytes: Buffer, methods: readonly string[], eof: boolean): Reading {
  return readMessages(bytes.toString("latin1"), { methods, eof });
}

function readMessages(text: string, ends: Ends | undefined): Reading {
  const messages: Message[] = [];
  let rest = text;
  let answered = 0;
  while (ends === undefined || answered < ends.methods.length) {
    const read = readMessage(rest, ends, ends?.methods[answered]);
    if (read === undefined) break;
    messages.push(read.message);
    rest = rest.slice(read.length);
    if (onlyValue(read.message.fields, "upgrade") !== undefined) break;
    if (!/^\S+ 1\d\d( |$)/.test(read.message.line)) answered += 1;
  }
  return { messages, rest };
}

function readMessage(
  text: string,
  ends: Ends | undefined,
  method: string | undefined,
): { readonly message: Message; readonly length: number } | undefined {
  const headEnd = text.indexOf("\r\n\r\n");
  if (headEnd < 0) return undefined;
  const [line = "", ...lines] = text.slice(0, headEnd).split("\r\n");
  const fields = lines.map(splitField);
  const bodiless = method === "HEAD" || /^HTTP\S+ (1\d\d|204|304)( |$)/.test(line);
  const body = bodiless ? NOTHING : readBody(text.slice(headEnd + 4), fields, ends);
  if (body === undefined) return undefined;
  const message = { line, fields, body: body.text, trailers: body.trailers };
  return { message, length: headEnd + 4 + body.length };
}

interface Body {
  readonly text: string;
  readonly length: number;
  readonly trailers: readonly (readonly [string, string])[];
}

const NOTHING: Body = { text: "", length: 0, trailers: [] };

function readBody(
  text: string,
  fields: readonly (readonly [string, string])[],
  ends: Ends | undefined,
): Body | undefined {
  const length = onlyValue(fields, "content-length");
  const coding = onlyValue(fields, "transfer-encoding");
  if (length !== undefined && coding !== undefined) throw new Error("two framings came out");
  if (coding !== undefined) {
    if (coding.toLowerCase() !== "chunked") throw new Error(`a coding came out: ${coding}`);
    return readChunks(text);
  }
  if (length !== undefined) {
    if (!/^\d{1,15}$/.test(length)) throw new Error(`a length came out: ${length}`);
    const bytes = Number(length);
    return text.length < bytes
      ? undefined
      : { text: text.slice(0, bytes), length: bytes, trailers: [] };
  }
  if (ends === undefined) return NOTHING;
  return ends.eof ? { text, length: text.length, trailers: [] } : undefined;
}

function readChunks(text: string): Body | undefined {
  let at = 0;
  let body = "";
  for (;;) {
    const lineEnd = text.indexOf("\r\n", at);
    if (lineEnd < 0) return undefined;
    const line = text.slice(at, lineEnd);
    if (!/^[0-9a-f]+$/i.test(line)) throw new Error(`a chunk size came out: ${line}`);
    const size = Number.parseInt(line, 16);
    at = lineEnd + 2;
    if (size === 0) break;
    if (text.length < at + size + 2) return undefined;
    body += text.slice(at, at + size);
    if (text.slice(at + size, at + size + 2) !== "\r\n")
      throw new Error("a chunk came out unclosed");
    at += size + 2;
  }
  if (text.startsWith("\r\n", at)) return { text: body, length: at + 2, trailers: [] };
  const end = text.indexOf("\r\n\r\n", at);
  if (end < 0) return undefined;
  const trailers = text.slice(at, end).split("\r\n").map(splitField);
  return { text: body, length: end + 4, trailers };
}

/** The one value of a field; throws when there are several, for which no framing field is good. */
function onlyValue(
  fields: readonly (readonly [string, string])[],
  name: string,
): string | undefined {
  const values = fields.filter(([other]) => other === name).map(([, value]) => value);
  if (values.length > 1) throw new Error(`${name} came out more than once`);
  return values[0];
}

function splitField(line: string): readonly [string, string] {
  const match = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\t -~\x80-\xff]*)$/.exec(line);
  if (match === null) throw new Error(`a field line came out: ${JSON.stringify(line)}`);
  const [, name = "", value = ""] = match;
  return [name.toLowerCase(), value.replace(/[ \t]+$/, "")];
}
