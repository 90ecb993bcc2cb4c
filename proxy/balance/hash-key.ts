// What hashing pickers choose by: 32 bits of a header, a cookie, a query parameter or the caller. Reads the head's bytes
// as they are, without making texts of them.
import type { BalancePolicy, HashSource } from "../../mesh/policy/policy.ts";
import {
  EQUALS,
  LOWER,
  QUESTION_MARK,
  SEMICOLON,
  skipBlanks,
  trimEnd,
} from "../http1/characters.ts";
import type { MessageHead } from "../http1/message-head.ts";
import { hashBytes, hashText } from "./hash32.ts";

const AMPERSAND = 38;
const WHOLE = 2 ** 32;

/**
 * The key of a request, 0 to 2³² − 1; random when it does not have what is hashed. Of a repeated header, cookie or
 * parameter the first counts; values are taken as they were sent, escapes included. `caller`: who stands for `source`.
 */
export function hashKey(
  source: HashSource,
  head: MessageHead,
  caller: string,
  random: () => number = Math.random,
): number {
  const key = keyOf(source, head, caller);
  return key >= 0 ? key : Math.floor(random() * WHOLE);
}

/** The same for a byte stream, which has nothing that could be hashed but its caller; 0 where nothing is chosen by keys. */
export function streamKey(
  { algorithm, hashOn }: BalancePolicy,
  caller: string,
  random: () => number = Math.random,
): number {
  if (!isKeyed(algorithm)) return 0;
  return hashOn.kind === "source" && caller !== ""
    ? hashText(caller)
    : Math.floor(random() * WHOLE);
}

/** Whether its pickers choose by keys. */
export function isKeyed(algorithm: BalancePolicy["algorithm"]): boolean {
  return algorithm === "ring-hash" || algorithm === "maglev";
}

/** −1 when there is nothing to hash. */
function keyOf(source: HashSource, head: MessageHead, caller: string): number {
  switch (source.kind) {
    case "source":
      return caller === "" ? -1 : hashText(caller);
    case "header":
      return ofHeader(head, source.name);
    case "cookie":
      return ofCookie(head, source.name);
    case "query":
      return ofQuery(head, source.name);
  }
}

function ofHeader(head: MessageHead, name: string): number {
  const index = fieldIndex(head, name, 0);
  if (index < 0) return -1;
  const start = head.valueStart[index] as number;
  const end = head.valueEnd[index] as number;
  return start === end ? -1 : hashBytes(head.bytes, start, end);
}

function ofCookie(head: MessageHead, name: string): number {
  const span = findCookie(head, name);
  return span === undefined ? -1 : hashBytes(head.bytes, span.start, span.end);
}

function ofQuery(head: MessageHead, name: string): number {
  const { bytes, targetEnd } = head;
  let at = find(bytes, head.targetStart, targetEnd, QUESTION_MARK);
  while (at < targetEnd) {
    const start = at + 1;
    const end = find(bytes, start, targetEnd, AMPERSAND);
    const equals = find(bytes, start, end, EQUALS);
    if (equals < end && same(bytes, start, equals, name)) return hashBytes(bytes, equals + 1, end);
    at = end;
  }
  return -1;
}

interface Span {
  start: number;
  end: number;
}

/** One for all: valid until the next call. */
const found: Span = { start: 0, end: 0 };

/** Where the first cookie of that name has its value in the head's bytes; valid until the next call. */
export function findCookie(head: MessageHead, name: string): Readonly<Span> | undefined {
  let field = fieldIndex(head, "cookie", 0);
  while (field >= 0) {
    const start = head.valueStart[field] as number;
    if (findPair(head.bytes, start, head.valueEnd[field] as number, name)) return found;
    field = fieldIndex(head, "cookie", field + 1);
  }
  return undefined;
}

/** Looks through `name=value; name=value` and notes in {@link found} where the value is. */
function findPair(bytes: Buffer, first: number, last: number, name: string): boolean {
  let at = first;
  while (at < last) {
    const start = skipBlanks(bytes, at, last);
    const end = find(bytes, start, last, SEMICOLON);
    const equals = find(bytes, start, end, EQUALS);
    at = end + 1;
    if (equals === end || !same(bytes, start, equals, name)) continue;
    found.start = equals + 1;
    found.end = trimEnd(bytes, equals + 1, end);
    return true;
  }
  return false;
}

/** The first field of that name (lower case) from `first` on; −1 without. */
function fieldIndex(head: MessageHead, name: string, first: number): number {
  for (let index = first; index < head.count; index += 1) {
    const start = head.nameStart[index] as number;
    if (sameFolded(head.bytes, start, head.nameEnd[index] as number, name)) return index;
  }
  return -1;
}

function find(bytes: Buffer, start: number, end: number, byte: number): number {
  let at = start;
  while (at < end && bytes[at] !== byte) at += 1;
  return at;
}

function same(bytes: Buffer, start: number, end: number, text: string): boolean {
  if (end - start !== text.length) return false;
  for (let at = 0; at < text.length; at += 1)
    if (bytes[start + at] !== text.charCodeAt(at)) return false;
  return true;
}

function sameFolded(bytes: Buffer, start: number, end: number, text: string): boolean {
  if (end - start !== text.length) return false;
  for (let at = 0; at < text.length; at += 1)
    if (LOWER[bytes[start + at] as number] !== text.charCodeAt(at)) return false;
  return true;
}
