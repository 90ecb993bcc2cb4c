// What the fields of a complete head say about its message: framing, connection, host, expectation. Reads the spans that
// the syntax left and reduces them to facts; the decisions are made from the facts by the parser of each direction.
import { equalsFolded, SLASH, skip, TOKEN, ZERO } from "./characters.ts";
import { fieldName } from "./field-names.ts";
import { CODING, type Coding, type FramingFacts } from "./framing.ts";
import { ListCursor } from "./list.ts";
import { FIELD, type MessageHead, TRACED } from "./message-head.ts";
import type { Violation } from "./violation.ts";
import { BAD_CONNECTION, ESSENTIAL_NOMINATED } from "./violations.ts";

const CHUNKED = Buffer.from("chunked");
const CLOSE = Buffer.from("close");
const TRAILERS = Buffer.from("trailers");
/** Requests must not travel in a tunnel, past every decision about them. */
const NOT_TUNNELLED: readonly Buffer[] = [
  Buffer.from("h2c"),
  Buffer.from("h2"),
  Buffer.from("http"),
];
const CONTINUE = Buffer.from("100-continue");

/** 10^15 is the last power of ten below 2^53. */
const MAX_LENGTH_DIGITS = 15;

const list = new ListCursor();

/** One record serves all heads: {@link collect} fills it anew. */
export class FieldFacts implements FramingFacts {
  minor = 1;
  lengthFields = 0;
  length = -1;
  codingFields = 0;
  coding: Coding = CODING.MALFORMED;
  hostFields = 0;
  /** `Connection` lists them. */
  close = false;
  keepAlive = false;
  upgrade = false;
  /** An Upgrade field offers a protocol. */
  offers = false;
  /** An Upgrade field offers HTTP in another version, or is malformed: the whole offer is ignored. */
  offersInVain = false;
  expectFields = 0;
  /** An Expect field says something other than `100-continue`. */
  expectsOther = false;

  /** Reads all fields of the head; also sets the head's `hostField`, `hasTimeout`, `traced`, `acceptsTrailers` and `nominated`. */
  collect(head: MessageHead): Violation | undefined {
    this.minor = head.minor;
    this.lengthFields = 0;
    this.length = -1;
    this.codingFields = 0;
    this.coding = CODING.MALFORMED;
    this.hostFields = 0;
    this.close = false;
    this.keepAlive = false;
    this.upgrade = false;
    this.offers = false;
    this.offersInVain = false;
    this.expectFields = 0;
    this.expectsOther = false;
    const { names, count } = head;
    for (let index = 0; index < count; index += 1) {
      if (names[index] === FIELD.OTHER) continue;
      const violation = this.#note(head, index);
      if (violation !== undefined) return violation;
    }
    return undefined;
  }

  #note(head: MessageHead, index: number): Violation | undefined {
    const { bytes } = head;
    const start = head.valueStart[index] as number;
    const end = head.valueEnd[index] as number;
    switch (head.names[index]) {
      case FIELD.CONNECTION:
        return this.#noteConnection(head, start, end);
      case FIELD.CONTENT_LENGTH:
        this.lengthFields += 1;
        this.length = parseLength(bytes, start, end);
        return undefined;
      case FIELD.TRANSFER_ENCODING:
        this.codingFields += 1;
        this.coding = parseCoding(bytes, start, end);
        return undefined;
      case FIELD.HOST:
        this.hostFields += 1;
        head.hostField = index;
        return undefined;
      case FIELD.TE:
        if (listHas(bytes, start, end, TRAILERS)) head.acceptsTrailers = true;
        return undefined;
      case FIELD.UPGRADE:
        this.#noteUpgrade(bytes, start, end);
        return undefined;
      case FIELD.EXPECT:
        this.expectFields += 1;
        this.expectsOther ||= !equalsFolded(bytes, start, end, CONTINUE);
        return undefined;
      case FIELD.X_ENVOY_EXPECTED_RQ_TIMEOUT_MS:
      case FIELD.GRPC_TIMEOUT:
        head.hasTimeout = true;
        return undefined;
      case FIELD.TRACEPARENT:
        head.traced |= (head.traced & TRACED.PARENT) === 0 ? TRACED.PARENT : TRACED.SECOND_PARENT;
        return undefined;
      case FIELD.TRACESTATE:
        head.traced |= TRACED.STATE;
        return undefined;
      case FIELD.B3:
        head.traced |= TRACED.B3;
        return undefined;
      case FIELD.X_B3:
        head.traced |= TRACED.X_B3;
        return undefined;
      default:
        return undefined;
    }
  }

  /** RFC 9110 §7.6.1. */
  #noteConnection(head: MessageHead, start: number, end: number): Violation | undefined {
    const { bytes } = head;
    list.begin(bytes, start, end);
    while (list.next()) {
      if (!list.isToken) return BAD_CONNECTION;
      switch (fieldName(bytes, list.start, list.end)) {
        case FIELD.CONTENT_LENGTH:
        case FIELD.TRANSFER_ENCODING:
        case FIELD.HOST:
        case FIELD.EXPECT:
          return ESSENTIAL_NOMINATED;
        case FIELD.KEEP_ALIVE:
          this.keepAlive = true;
          break;
        case FIELD.UPGRADE:
          this.upgrade = true;
          break;
        case FIELD.OTHER:
        case FIELD.X_FORWARDED_FOR:
        case FIELD.TRACEPARENT:
        case FIELD.TRACESTATE:
        case FIELD.B3:
        case FIELD.X_B3:
          if (equalsFolded(bytes, list.start, list.end, CLOSE)) this.close = true;
          else nominate(head, bytes.toString("latin1", list.start, list.end).toLowerCase());
          break;
        default:
        // The rest never goes on, nominated or not.
      }
    }
    return undefined;
  }

  /** `name` or `name/version`, of tokens (RFC 9110 §7.8). */
  #noteUpgrade(bytes: Buffer, start: number, end: number): void {
    list.begin(bytes, start, end);
    while (list.next()) {
      this.offers = true;
      const nameEnd = skip(bytes, list.start, list.end, TOKEN);
      const slash = nameEnd > list.start && bytes[nameEnd] === SLASH && nameEnd + 1 < list.end;
      const whole = slash ? skip(bytes, nameEnd + 1, list.end, TOKEN) : nameEnd;
      if (whole !== list.end) this.offersInVain = true;
      for (const name of NOT_TUNNELLED)
        if (equalsFolded(bytes, list.start, nameEnd, name)) this.offersInVain = true;
    }
  }

  /** RFC 9112 §9.3. */
  get persistent(): boolean {
    return !this.close && (this.minor === 1 || this.keepAlive);
  }

  /** Whether the message asks for or announces another protocol, both fields and the version taken together (§7.8). */
  get switches(): boolean {
    return this.upgrade && this.offers && !this.offersInVain && this.minor === 1;
  }
}

function nominate(head: MessageHead, name: string): void {
  head.nominated ??= new Set();
  head.nominated.add(name);
}

/** 1 to 15 digits and nothing else; -1 for anything else. */
function parseLength(bytes: Buffer, start: number, end: number): number {
  if (end === start || end - start > MAX_LENGTH_DIGITS) return -1;
  let length = 0;
  for (let at = start; at < end; at += 1) {
    const digit = (bytes[at] as number) - ZERO;
    if (digit < 0 || digit > 9) return -1;
    length = length * 10 + digit;
  }
  return length;
}

function parseCoding(bytes: Buffer, start: number, end: number): Coding {
  if (equalsFolded(bytes, start, end, CHUNKED)) return CODING.CHUNKED;
  let members = 0;
  let chunked = false;
  list.begin(bytes, start, end);
  while (list.next()) {
    if (chunked || !list.isToken) return CODING.MALFORMED;
    members += 1;
    chunked = equalsFolded(bytes, list.start, list.end, CHUNKED);
  }
  // A lone chunked that got here has commas around it.
  return members === 0 || (members === 1 && chunked) ? CODING.MALFORMED : CODING.UNKNOWN;
}

function listHas(bytes: Buffer, start: number, end: number, member: Buffer): boolean {
  list.begin(bytes, start, end);
  while (list.next()) if (equalsFolded(bytes, list.start, list.end, member)) return true;
  return false;
}
