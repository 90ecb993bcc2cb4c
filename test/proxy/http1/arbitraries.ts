// Requests that nobody thought of: well-formed ones with everything the grammar leaves open, and broken ones made from
// the corpus.
import fc from "fast-check";
import type { Message } from "../../helpers/http1-messages.ts";

const LETTERS = [..."abcdefghijklmnopqrstuvwxyzABCXYZ0123456789"];
const TOKEN = [...LETTERS, ..."!#$%&'*+-.^_`|~"];
const VISIBLE = Array.from({ length: 94 }, (_, index) => String.fromCharCode(33 + index));
const IN_TARGETS = VISIBLE.filter((character) => character !== "#" && character !== "\\");
const IN_VALUES = [...VISIBLE, " ", "\t", "\x80", "\xa0", "\xff"];

const text = (characters: readonly string[], minLength: number, maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...characters), minLength, maxLength });

const blanks = fc.constantFrom("", " ", "\t", "  ", " \t ");

/** A field that no part of the proxy acts on. */
const field = fc.record({
  name: text(TOKEN, 0, 8).map((rest) => `z${rest}`),
  before: blanks,
  value: text(IN_VALUES, 0, 12).map((value) => value.replace(/^[ \t]+|[ \t]+$/g, "")),
  after: blanks,
});

const chunk = fc.record({
  data: text([...IN_VALUES, "\r", "\n", "\0"], 1, 12),
  zeros: fc.constantFrom("", "0", "000"),
  capitals: fc.boolean(),
  extension: fc.constantFrom("", "", ";a", ";a=b", ';a="\\"; \xff"', ";a;b=c"),
});

const body = fc.oneof(
  fc.record({ kind: fc.constant("none" as const) }),
  fc.record({
    kind: fc.constant("length" as const),
    data: text([...IN_VALUES, "\r", "\n", "\0"], 0, 30),
    zeros: fc.constantFrom("", "00"),
  }),
  fc.record({
    kind: fc.constant("chunked" as const),
    chunks: fc.array(chunk, { maxLength: 4 }),
    trailers: fc.array(field, { maxLength: 3 }),
  }),
);

/** A request as it is sent, and as it should arrive. */
export interface Sample {
  readonly bytes: Buffer;
  readonly message: Message;
}

/** Well-formed requests. */
export const request: fc.Arbitrary<Sample> = fc
  .record({
    method: fc.oneof(
      fc.constantFrom("GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"),
      text(TOKEN, 1, 24).filter((method) => method !== "CONNECT"),
    ),
    target: text(IN_TARGETS, 0, 20).map((rest) => `/${rest}`),
    hostFirst: fc.boolean(),
    fields: fc.array(field, { maxLength: 6 }),
    body,
  })
  .map(({ method, target, hostFirst, fields, body: content }) => {
    const before = hostFirst ? fields : [];
    const after = hostFirst ? [] : fields;
    const framed = frame(content);
    const lines = [
      `${method} ${target} HTTP/1.1`,
      ...before.map(line),
      ...(framed.line === undefined ? [] : [framed.line]),
      "Host: a",
      ...after.map(line),
    ];
    const head = `${lines.join("\r\n")}\r\n\r\n`;
    return {
      bytes: Buffer.from(head + framed.bytes, "latin1"),
      message: {
        line: `${method} ${target} HTTP/1.1`,
        fields: [...before.map(pair), ["host", "a"], ...after.map(pair), ...framed.fields],
        body: framed.data,
        trailers: framed.trailers.map(pair),
      },
    };
  });

type Field = typeof field extends fc.Arbitrary<infer T> ? T : never;
type Body = typeof body extends fc.Arbitrary<infer T> ? T : never;

interface Framed {
  readonly line: string | undefined;
  readonly bytes: string;
  readonly data: string;
  readonly fields: readonly (readonly [string, string])[];
  readonly trailers: readonly Field[];
}

function line({ name, before, value, after }: Field): string {
  return `${name}:${before}${value}${after}`;
}

function pair({ name, value }: Field): readonly [string, string] {
  return [name.toLowerCase(), value];
}

function frame(content: Body): Framed {
  if (content.kind === "none")
    return { line: undefined, bytes: "", data: "", fields: [], trailers: [] };
  if (content.kind === "length") {
    const { data, zeros } = content;
    return {
      line: `Content-Length: ${zeros}${data.length}`,
      bytes: data,
      data,
      fields: [["content-length", `${data.length}`]],
      trailers: [],
    };
  }
  const { chunks, trailers } = content;
  const sent = chunks.map(({ data, zeros, capitals, extension }) => {
    const size = zeros + data.length.toString(16);
    return `${capitals ? size.toUpperCase() : size}${extension}\r\n${data}\r\n`;
  });
  const last = trailers.map((trailer) => `${line(trailer)}\r\n`).join("");
  return {
    line: "Transfer-Encoding: chunked",
    bytes: `${sent.join("")}0\r\n${last}\r\n`,
    data: chunks.map(({ data }) => data).join(""),
    fields: [["transfer-encoding", "chunked"]],
    trailers,
  };
}

/** What bytes are replaced with: what parsers stumble over. */
const SPLINTERS: readonly string[] = [
  ...'\r\n\0 \t:;,="\\#/*@05f\x01\x0b\x0c\x7f\x85\xa0\xff',
  "\r\n",
  "\r\n\r\n",
  "\n\n",
  "\r\r\n",
  "chunked",
  "close",
  "keep-alive, te",
  "upgrade",
  "HTTP/1.0",
  "HTTP/1.1",
  "Host: b\r\n",
  "Content-Length: 3\r\n",
  "Content-Length: 0\r\n",
  "Transfer-Encoding: chunked\r\n",
  "Transfer-Encoding: identity\r\n",
  "Connection: close\r\n",
  "Connection: upgrade\r\nUpgrade: a\r\n",
  "Expect: 100-continue\r\n",
  "0\r\n\r\n",
  "5\r\nhello\r\n",
  "3;a=b\r\nabc\r\n",
  "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
  "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
];

const change = fc.record({
  kind: fc.constantFrom("insert", "replace", "delete", "repeat", "move", "end"),
  at: fc.nat(),
  to: fc.nat(),
  length: fc.integer({ min: 1, max: 12 }),
  splinter: fc.oneof(
    fc.constantFrom(...SPLINTERS),
    fc.nat({ max: 255 }).map((byte) => String.fromCharCode(byte)),
  ),
});
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

function apply(bytes: string, { kind, at, to, length, splinter }: Change): string {
  const start = at % (bytes.length + 1);
  const target = to % (bytes.length + 1);
  const piece = bytes.slice(start, start + length);
  const before = bytes.slice(0, start);
  const after = bytes.slice(start + length);
  switch (kind) {
    case "insert":
      return before + splinter + bytes.slice(start);
    case "replace":
      return before + splinter + after;
    case "delete":
      return before + after;
    case "repeat":
      return before + piece + piece + after;
    case "move":
      return (before + after).slice(0, target) + piece + (before + after).slice(target);
    default:
      return before;
  }
}

/** Inputs with a few changes, sometimes two of them in a row. */
export function damaged(inputs: readonly Buffer[]): fc.Arbitrary<Buffer> {
  const texts = inputs.map((bytes) => bytes.toString("latin1"));
  return fc
    .record({
      inputs: fc.array(fc.constantFrom(...texts), { minLength: 1, maxLength: 2 }),
      changes: fc.array(change, { minLength: 1, maxLength: 3 }),
    })
    .map(({ inputs: parts, changes }) =>
      Buffer.from(changes.reduce(apply, parts.join("")), "latin1"),
    );
}

/** The bytes in pieces, cut at these places (taken modulo the length). */
export function cutAt(bytes: Buffer, places: readonly number[]): readonly Buffer[] {
  const cuts = places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b);
  const bounds = [0, ...cuts, bytes.length];
  return bounds.slice(1).map((end, index) => bytes.subarray(bounds[index], end));
}

export const places: fc.Arbitrary<readonly number[]> = fc.array(fc.nat(), { maxLength: 8 });
