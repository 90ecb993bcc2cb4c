// A request as it goes out: its head and the beginning of its body, kept until the response begins, since until then it
// may have to be sent again. The memory is used again for the next request.
import {
  FRAMING,
  type Framing,
  METHOD,
  type MessageHead,
  type Method,
} from "../http1/message-head.ts";
import { type RequestEdit, requestHeadRoom, writeRequestHead } from "../http1/write-head.ts";
import { timeLeftLines } from "../resilience/deadline.ts";
import type { Ending, OutgoingRequest } from "./streams.ts";

/** Bytes of a body that are kept for another try; a longer one is sent once. */
export const REPLAY_LIMIT = 65_536;
/** Enough for nearly every head with a small body; records that grew beyond it are not kept for the next request. */
const USUAL_SIZE = 4_096;
const LINE_END = 2;
/** Records kept for the next requests: as many as are in flight at once on a busy sidecar. */
const MAX_SPARE = 256;

const spare: RequestRecord[] = [];

export class RequestRecord implements OutgoingRequest {
  bytes: Buffer = Buffer.allocUnsafeSlow(USUAL_SIZE);
  headEnd = 0;
  bodyEnd = 0;
  method: Method = METHOD.OTHER;
  framing: Framing = FRAMING.NONE;
  contentLength = -1;
  ending: Ending = undefined;
  upgrade = false;
  expectsContinue = false;
  http2 = false;
  /** Whether all of the body so far is kept. */
  whole = true;
  /** Bytes of the lines that say how long the answer is waited for; 0 without them. */
  #timeLeftSize = 0;
  #grpcTimeout = false;

  /** A record of the request whose head has just been parsed. `grpcTimeout`: the time left is said in gRPC's way too. */
  static take(head: MessageHead, edit: RequestEdit, grpcTimeout: boolean): RequestRecord {
    const record = spare.pop() ?? new RequestRecord();
    record.#fill(head, edit);
    record.#grpcTimeout = grpcTimeout;
    return record;
  }

  /** The record is not needed any more; nobody may look at it afterwards. */
  release(): void {
    if (this.bytes.length === USUAL_SIZE && spare.length < MAX_SPARE) spare.push(this);
  }

  /** Keeps more of the body. */
  append(source: Buffer, start: number, end: number): void {
    const bodyEnd = this.bodyEnd + end - start;
    if (bodyEnd > this.bytes.length) this.#grow(bodyEnd);
    source.copy(this.bytes, this.bodyEnd, start, end);
    this.bodyEnd = bodyEnd;
  }

  /** Whether its head says how long the answer is waited for. */
  get saysTimeLeft(): boolean {
    return this.#timeLeftSize > 0;
  }

  /** Says so anew, before it is sent. */
  sayTimeLeft(milliseconds: number): void {
    const size = this.#timeLeftSize;
    const lines = timeLeftLines(milliseconds, this.#grpcTimeout, size);
    lines.copy(this.bytes, this.headEnd - LINE_END - size);
  }

  /** Whether its sender may be waiting for a word before it sends more. */
  get asks(): boolean {
    return this.upgrade || (this.expectsContinue && this.whole && this.kept === 0);
  }

  /** Bytes of the body that are kept. */
  get kept(): number {
    return this.bodyEnd - this.headEnd;
  }

  /** Forgets the body, which is too long to be kept and has been sent. */
  forgetBody(): void {
    this.whole = false;
    this.bodyEnd = this.headEnd;
  }

  #fill(head: MessageHead, edit: RequestEdit): void {
    const room = requestHeadRoom(head, edit);
    this.bodyEnd = 0;
    if (room > this.bytes.length) this.#grow(room);
    this.headEnd = writeRequestHead(this.bytes, 0, head, edit);
    this.bodyEnd = this.headEnd;
    this.method = head.method;
    this.framing = head.framing;
    this.contentLength = head.contentLength;
    this.ending = undefined;
    this.upgrade = head.upgrade;
    this.expectsContinue = head.expectsContinue;
    this.http2 = edit.http2;
    this.whole = true;
    this.#timeLeftSize = edit.timeLeft?.length ?? 0;
  }

  #grow(size: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(size, this.bytes.length * 2));
    this.bytes.copy(larger, 0, 0, this.bodyEnd);
    this.bytes = larger;
  }
}
