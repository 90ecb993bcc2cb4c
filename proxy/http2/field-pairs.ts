// Fields between HTTP/1.1 text and what node:http2 takes and gives: names in lower case and values, in turn. Lists keep
// order and repetition; objects are made only where Node takes nothing else.
import type { OutgoingHttpHeaders } from "node:http2";
import { NO_TRAILERS, type Trailers } from "../http/streams.ts";
import { FIELD, type FieldName, type MessageHead } from "../http1/message-head.ts";
import { isForbiddenTrailer } from "../http1/trailers.ts";

/** Names and values in turn. */
export type FieldPairs = readonly string[];

/** By field: 1 when it does not go on. */
type Dropped = Uint8Array;

function dropped(...fields: readonly FieldName[]): Dropped {
  const table = new Uint8Array(32);
  for (const field of fields) table[field] = 1;
  return table;
}

/** RFC 9113 §8.2.2: HTTP/2 frames messages itself, and a connection is not the business of one message. */
const CONNECTION_SPECIFIC: readonly FieldName[] = [
  FIELD.CONNECTION,
  FIELD.TRANSFER_ENCODING,
  FIELD.KEEP_ALIVE,
  FIELD.UPGRADE,
  FIELD.PROXY_CONNECTION,
  FIELD.TE,
];
/** Of a request that was composed for its destination; Host goes on as `:authority`. */
export const DROPPED_FROM_REQUESTS: Dropped = dropped(...CONNECTION_SPECIFIC, FIELD.HOST);
/** Of a response as its destination wrote it. */
export const DROPPED_FROM_RESPONSES: Dropped = dropped(
  ...CONNECTION_SPECIFIC,
  FIELD.TRAILER,
  FIELD.PROXY_AUTHENTICATE,
  FIELD.PROXY_AUTHORIZATION,
  FIELD.X_MESH,
);
/** Belongs to an upgrade from HTTP/1.1 that nobody here asks for; Node refuses to send it. */
const SETTINGS = "http2-settings";

/** Appends the fields of a head that go on to `pairs`. */
export function appendFields(pairs: string[], head: MessageHead, without: Dropped): void {
  const { bytes, count, names, nameStart, nameEnd, valueStart, valueEnd, nominated } = head;
  for (let index = 0; index < count; index += 1) {
    if (without[names[index] as number] === 1) continue;
    const name = bytes.toString("latin1", nameStart[index], nameEnd[index]).toLowerCase();
    if (name === SETTINGS || nominated?.has(name) === true) continue;
    pairs.push(name, bytes.toString("latin1", valueStart[index], valueEnd[index]));
  }
}

/** As an object without prototype, so that no field name means anything to it. */
export function fieldObject(pairs: FieldPairs): OutgoingHttpHeaders {
  const fields: Record<string, string[]> = Object.create(null);
  for (let index = 0; index + 1 < pairs.length; index += 2) {
    const name = pairs[index] as string;
    const values = fields[name] ?? [];
    fields[name] = values;
    values.push(pairs[index + 1] as string);
  }
  return fields;
}

/** Field lines as pairs. */
export function linePairs(lines: string): string[] {
  const pairs: string[] = [];
  for (const line of lines.split("\r\n")) {
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(colon, 0)).toLowerCase();
    if (name !== "" && name !== SETTINGS) pairs.push(name, line.slice(colon + 1).trim());
  }
  return pairs;
}

/** Trailers for Node. */
export function trailerObject(trailers: Trailers): OutgoingHttpHeaders {
  return fieldObject(linePairs(trailers.toString("latin1")));
}

const NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * Trailers from Node, ready to be written, without those that must not come late. Undefined when a line end or another
 * control character is hidden in them.
 */
export function readTrailers(pairs: FieldPairs): Trailers | undefined {
  let text = "";
  for (let index = 0; index + 1 < pairs.length; index += 2) {
    const name = pairs[index] as string;
    const value = pairs[index + 1] as string;
    if (!NAME.test(name) || !VALUE.test(value)) return undefined;
    if (!isForbiddenTrailer(name)) text += `${name}: ${value}\r\n`;
  }
  return text === "" ? NO_TRAILERS : Buffer.from(text, "latin1");
}
