// What both ends of a link do alike: settings first, frames in, frames out at the end of a turn, bodies held back while the
// peer is slow, and the end for a peer that breaks the rules. Which requests travel on it is the business of the two
// classes made from this one.
import { type Ending, NO_TRAILERS } from "../http/streams.ts";
import { TrailerReader } from "../http1/trailers.ts";
import type { Output } from "../transport/output.ts";
import type { Wire, WireOwner } from "../transport/wire.ts";
import type { BodyReceiver } from "./body-receiver.ts";
import type { BodySender, FrameSink } from "./body-sender.ts";
import { type Flushable, flushSoon } from "./flush-soon.ts";
import { FrameDecoder, type FrameReceiver } from "./frame-decoder.ts";
import { FRAME, type FrameType, type LinkViolation, readNumber, writeNumber } from "./frames.ts";
import { Outbox } from "./outbox.ts";
import {
  OUR_SETTINGS,
  readSettings,
  SETTINGS_SIZE,
  type Settings,
  writeSettings,
} from "./settings.ts";
import { type Chained, StreamTable } from "./stream-table.ts";

/** Bytes composed and not written from which on bodies wait, in their streams; they go on at half of it. */
export const CONGESTED: number = 1_024 * 1_024;
/** Heads and answers do not wait. A peer that makes us answer this much and reads nothing of it is cut off. */
const HOPELESS = 8 * CONGESTED;

/** Something that has to be done at the end of the turn, when no call of anybody's is under way. */
export interface Wakeable {
  onWake(): void;
}

/** A stream as its link sees it. */
export interface LinkStream {
  readonly sender: BodySender;
  readonly receiver: BodyReceiver;
  /** More of the body has arrived. */
  onData(bytes: Buffer, start: number, end: number, ending: Ending): LinkViolation | undefined;
  /** The body, or what belongs to it, cannot be understood. */
  onMalformed(): void;
  /** The peer has given the stream up; the code says why. */
  onReset(code: string): void;
}

/** Who is told how a link fares. */
export interface LinkObserver {
  /** The peer has broken the link. */
  onViolation(reason: LinkViolation): void;
  /** The link is closed, for whatever reason; once, and last. */
  onClosed(): void;
}

/** Used up before the call that filled it returns. */
const trailerReader = new TrailerReader();

export abstract class LinkEnd<Stream extends LinkStream & Chained<Stream>>
  implements WireOwner, FrameReceiver, FrameSink, Flushable
{
  /** So much is composed and not written that bodies have to wait. */
  congested = false;
  readonly outbox: Outbox;
  protected closed = false;
  protected readonly wire: Wire;
  protected readonly streams: StreamTable<Stream> = new StreamTable<Stream>();
  /** The highest id of all streams so far. */
  protected lastStream = 0;
  /** Of the peer; undefined until they have arrived. */
  protected settings: Settings | undefined;
  readonly #observer: LinkObserver;
  readonly #decoder: FrameDecoder = new FrameDecoder(this);
  #flushing = false;
  #woken: Wakeable[] = [];
  /** Senders that wait while the link is congested, in order. */
  #queue: BodySender[] = [];

  protected constructor(wire: Wire, observer: LinkObserver) {
    this.wire = wire;
    this.outbox = new Outbox(wire);
    this.#observer = observer;
  }

  /** Streams that are open now. */
  get size(): number {
    return this.streams.size;
  }

  /** Bytes that are composed and not yet written. */
  get unwritten(): number {
    return this.outbox.unwritten;
  }

  protected abstract onRequest(
    stream: number,
    flags: number,
    bytes: Buffer,
    start: number,
    end: number,
  ): LinkViolation | undefined;
  protected abstract onResponse(
    stream: Stream,
    bytes: Buffer,
    start: number,
    end: number,
    flags: number,
  ): LinkViolation | undefined;
  /** The peer opens, or takes, no new streams. `last` is the highest that it has taken up. */
  protected abstract onGoAway(last: number, reason: string): void;
  protected abstract onSettings(): void;
  /** The link is gone, and all streams with it. `broken`: because of the peer's fault. */
  protected abstract onLost(broken: boolean): void;
  /** The turn is over and all is sent that can be. */
  protected abstract onFlushed(): void;

  frame(type: FrameType, flags: number, stream: number, length: number): Output {
    const output = this.outbox.frame(type, flags, stream, length);
    this.composed();
    return output;
  }

  /** Must follow whatever is added to the outbox. */
  composed(): void {
    if (this.outbox.unwritten >= CONGESTED) this.congested = true;
    this.flushSoon();
  }

  awaitRoom(sender: BodySender): void {
    this.#queue.push(sender);
  }

  /** Calls it at the end of the turn. */
  wake(item: Wakeable): void {
    this.#woken.push(item);
    this.flushSoon();
  }

  flush(): void {
    this.#flushing = false;
    try {
      this.#wakeAll();
      if (this.closed) this.outbox.clear();
      else this.#send();
      this.onFlushed();
    } catch (error) {
      this.#fail(error);
    }
  }

  onBytes(bytes: Buffer, end: number): void {
    const violation = this.#decoder.push(bytes, end);
    if (this.closed) return;
    if (violation !== undefined) this.violate(violation);
    else if (this.outbox.unwritten > HOPELESS) this.violate("NOT_READING");
  }

  onDrain(): void {
    this.outbox.drained();
    this.flush();
  }

  /** A peer that says nothing more cannot answer, and cannot grant. */
  onEnd(): void {
    this.shut();
    this.onLost(false);
  }

  onClose(): void {
    const wasClosed = this.closed;
    this.shut();
    if (!wasClosed) this.onLost(false);
    this.outbox.clear();
    this.#observer.onClosed();
  }

  onFrame(
    type: FrameType,
    flags: number,
    stream: number,
    bytes: Buffer,
    start: number,
    end: number,
  ): LinkViolation | undefined {
    switch (type) {
      case FRAME.SETTINGS:
        return this.#takeSettings(bytes, start);
      case FRAME.PING:
        this.#answerPing(bytes, start, end);
        return undefined;
      case FRAME.PONG:
        return undefined;
      case FRAME.GOAWAY:
        this.onGoAway(readNumber(bytes, start), bytes.toString("latin1", start + 4, end));
        return undefined;
      case FRAME.REQUEST:
        return this.onRequest(stream, flags, bytes, start, end);
      default:
        return this.#streamFrame(type, flags, stream, bytes, start, end);
    }
  }

  onData(
    stream: number,
    bytes: Buffer,
    start: number,
    end: number,
    last: boolean,
  ): LinkViolation | undefined {
    const found = this.streams.get(stream);
    if (found === undefined) return this.#judgeUnknown(stream);
    return found.onData(bytes, start, end, last ? NO_TRAILERS : undefined);
  }

  /** Says what this end is ready to take, and begins to read. */
  protected start(): void {
    const output = this.frame(FRAME.SETTINGS, 0, 0, SETTINGS_SIZE);
    writeSettings(output.bytes, output.length, OUR_SETTINGS);
    output.length += SETTINGS_SIZE;
    this.wire.start(this);
  }

  protected flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    flushSoon(this);
  }

  /** Gives a stream up. */
  reset(stream: number, code: string): void {
    const output = this.frame(FRAME.RESET, 0, stream, code.length);
    output.length += output.bytes.write(code, output.length, "latin1");
  }

  protected goAway(last: number, reason: string): void {
    const output = this.frame(FRAME.GOAWAY, 0, 0, 4 + reason.length);
    writeNumber(output.bytes, output.length, last);
    output.length += 4;
    output.length += output.bytes.write(reason, output.length, "latin1");
  }

  /** The peer has broken the rules: it is told, and that was it. */
  protected violate(reason: LinkViolation): void {
    this.#observer.onViolation(reason);
    this.goAway(this.lastStream, reason);
    // Unless the wire is behind: such a peer does not read.
    this.outbox.flush();
    this.shut();
    this.onLost(true);
  }

  /** Closes the wire once it has written what it has; nothing more is read, and nothing sent. */
  protected shut(): void {
    if (this.closed) return;
    this.closed = true;
    this.#decoder.stop();
    this.#queue = [];
    this.wire.close();
  }

  #streamFrame(
    type: FrameType,
    flags: number,
    id: number,
    bytes: Buffer,
    start: number,
    end: number,
  ): LinkViolation | undefined {
    const stream = this.streams.get(id);
    if (stream === undefined) return this.#judgeUnknown(id);
    switch (type) {
      case FRAME.RESPONSE:
        return this.onResponse(stream, bytes, start, end, flags);
      case FRAME.TRAILERS:
        return takeTrailers(stream, bytes, start, end);
      case FRAME.WINDOW:
        return takeGrant(stream, readNumber(bytes, start));
      default:
        stream.onReset(bytes.toString("latin1", start, end));
        return undefined;
    }
  }

  /** What comes for a stream that is over was sent before the peer knew; one that never was is another matter. */
  #judgeUnknown(stream: number): LinkViolation | undefined {
    return stream > this.lastStream ? "STREAM_IDLE" : undefined;
  }

  #takeSettings(bytes: Buffer, start: number): LinkViolation | undefined {
    this.settings = readSettings(bytes, start);
    if (this.settings === undefined) return "SETTINGS_INVALID";
    this.onSettings();
    return undefined;
  }

  /** A peer that leaves much unread hears enough from us as it is. */
  #answerPing(bytes: Buffer, start: number, end: number): void {
    if (this.congested) return;
    this.frame(FRAME.PONG, 0, 0, end - start).append(bytes, start, end);
  }

  #wakeAll(): void {
    const woken = this.#woken;
    this.#woken = [];
    for (const item of woken) item.onWake();
  }

  #send(): void {
    this.outbox.flush();
    if (!this.congested || this.outbox.unwritten > CONGESTED / 2) return;
    this.congested = false;
    const queue = this.#queue;
    let served = 0;
    while (served < queue.length && !this.congested) {
      (queue[served] as BodySender).onRoom();
      served += 1;
    }
    queue.splice(0, served);
  }

  /** A defect on our side: one link's failure stays its own. */
  #fail(error: unknown): void {
    process.emitWarning(error instanceof Error ? error : String(error));
    this.wire.reset();
  }
}

function takeTrailers(
  stream: LinkStream,
  bytes: Buffer,
  start: number,
  end: number,
): LinkViolation | undefined {
  trailerReader.begin();
  if (trailerReader.read(bytes, start, end) === end)
    return stream.onData(bytes, end, end, trailerReader.trailers);
  stream.onMalformed();
  return undefined;
}

function takeGrant({ sender }: LinkStream, credit: number): LinkViolation | undefined {
  return credit > 0 && sender.grant(credit) ? undefined : "WINDOW_OVERFLOW";
}
