// The dialing side of a link: requests are put onto it as streams, as many as the peer takes at once; the others wait for
// their turn. A link that is lost costs its own streams alone, and each is told whether its request had gone out.
import { LinkedList } from "../../mesh/linked-list.ts";
import type { FailureCode } from "../failures.ts";
import type { StreamListener } from "../http/streams.ts";
import type { Deadlines } from "../transport/deadlines.ts";
import type { Wire } from "../transport/wire.ts";
import { ClientStream, type ClientStreams } from "./client-stream.ts";
import { DEPARTING, DRAINING, FRAME, LAST_STREAM_ID, type LinkViolation } from "./frames.ts";
import { LinkEnd, type LinkObserver } from "./link-end.ts";
import { Liveness, type Watched } from "./liveness.ts";

const PING_SIZE = 8;
/** Requests that wait for their turn beyond those that the peer takes at once; more are tried elsewhere, or fail. */
const MAX_WAITING = 4_096;

/** Whoever dialed the link. */
export interface ClientLinkOwner extends LinkObserver {
  readonly deadlines: Deadlines;
  /** Whether the peer's address still answers. Asked when the peer has left even a PING unanswered. */
  answers(): Promise<boolean>;
  /** The link takes no new requests any more; those that it has are carried on. Once at most. */
  onDraining(): void;
  /** The peer's application ends: the peer's own word, long before anybody else can know. */
  onDeparting(): void;
}

export class ClientLink extends LinkEnd<ClientStream> implements ClientStreams, Watched {
  readonly #owner: ClientLinkOwner;
  readonly #liveness: Liveness;
  /** Streams whose request was not sent yet, in order; the first {@link #ready} of them may be sent. */
  readonly #unsent = new LinkedList<ClientStream>();
  #ready = 0;
  #draining = false;
  /** Whether it has brought a response. */
  #served = false;

  constructor(wire: Wire, owner: ClientLinkOwner) {
    super(wire, owner);
    this.#owner = owner;
    this.#liveness = new Liveness(this, owner.deadlines);
    this.start();
  }

  /** Takes no new requests: the peer or the owner wants it to end, or it is closed. */
  get draining(): boolean {
    return this.#draining || this.closed;
  }

  /** The peer owes an answer that it should have given: what is sent now may be lost. */
  get doubtful(): boolean {
    return this.#liveness.doubtful;
  }

  /** Whether no request is on it, or waits for it. */
  get idle(): boolean {
    return this.streams.size === 0 && this.#unsent.size === 0;
  }

  get streamWindow(): number {
    return this.settings?.window ?? 0;
  }

  /** Begins a try. On a link that is draining it fails, without having been sent. */
  openStream(listener: StreamListener): ClientStream {
    const stream = new ClientStream(this, listener);
    if (this.draining || this.#unsent.size >= MAX_WAITING) {
      stream.failLater("CONNECTION_LOST");
      return stream;
    }
    const isNext = this.#ready === this.#unsent.size;
    this.#unsent.append(stream);
    this.#liveness.watch();
    if (isNext && this.#hasRoom()) {
      this.#ready += 1;
      stream.makeReady();
    }
    return stream;
  }

  /** Closes when the last stream is over. */
  retire(): void {
    if (this.closed) return;
    if (!this.#draining) this.goAway(0, DRAINING);
    this.#drain();
  }

  /** Breaks off everything. */
  close(): void {
    if (this.closed) return;
    this.shut();
    this.wire.reset();
    this.onLost(false);
  }

  admit(stream: ClientStream): void {
    this.#unsent.remove(stream);
    this.#ready -= 1;
    this.lastStream = this.lastStream === 0 ? 1 : this.lastStream + 2;
    stream.id = this.lastStream;
    this.streams.add(stream);
    if (this.lastStream + 2 > LAST_STREAM_ID) this.retire();
  }

  forget(stream: ClientStream): void {
    if (stream.id !== 0) this.streams.delete(stream);
    else if (this.#unsent.remove(stream) && stream.wasReady) this.#ready -= 1;
    if (this.idle) this.#liveness.rest();
    if (this.#draining || this.#unsent.size > this.#ready) this.flushSoon();
  }

  override onBytes(bytes: Buffer, end: number): void {
    this.#liveness.heard();
    super.onBytes(bytes, end);
  }

  override onClose(): void {
    this.#liveness.stop();
    super.onClose();
  }

  ping(): void {
    const output = this.frame(FRAME.PING, 0, 0, PING_SIZE);
    output.bytes.fill(0, output.length, output.length + PING_SIZE);
    output.length += PING_SIZE;
  }

  answers(): Promise<boolean> {
    return this.#owner.answers();
  }

  onSilence(): void {
    if (this.closed) return;
    this.shut();
    this.wire.reset();
    this.onLost(true);
  }

  protected override onSettings(): void {
    this.flushSoon();
  }

  protected override onRequest(): LinkViolation {
    return "UNEXPECTED_FRAME";
  }

  protected override onResponse(
    stream: ClientStream,
    bytes: Buffer,
    start: number,
    end: number,
    flags: number,
  ): LinkViolation | undefined {
    this.#served = true;
    return stream.onResponse(bytes, start, end, flags);
  }

  /**
   * What the peer has not taken up it will never see. One that drains may have done so before it served anything: a
   * successor stands at the same place, or it listens on itself.
   */
  protected override onGoAway(last: number, reason: string): void {
    this.#drain();
    if (reason === DEPARTING) this.#owner.onDeparting();
    const isDrained = reason === DRAINING || reason === DEPARTING;
    const reused = this.#served || isDrained;
    const untouched = this.#unsent.values();
    for (const stream of this.streams.values()) if (stream.id > last) untouched.push(stream);
    for (const stream of untouched) stream.fail(this.#lossCode(), false, reused);
    if (isDrained) return;
    this.shut();
    this.onLost(false);
  }

  protected override onLost(broken: boolean): void {
    this.#drain();
    const reused = this.#served && !broken;
    const { sent } = this.outbox;
    for (const stream of [...this.streams.values(), ...this.#unsent.values()]) {
      // Its caller is slow, no more: what it is still to get has arrived.
      if (stream.hasArrived) continue;
      const wasSent = stream.id !== 0 && stream.requestEnd <= sent;
      stream.fail(this.#lossCode(), wasSent, reused);
    }
  }

  protected override onFlushed(): void {
    if (this.closed) return;
    if (this.#draining && this.idle && this.outbox.isEmpty) this.shut();
    else this.#makeReady();
  }

  /** A peer that never said what it takes may have turned our certificate down, or was no sidecar. */
  #lossCode(): FailureCode {
    return this.settings === undefined ? "ENDPOINTS_UNREACHABLE" : "CONNECTION_LOST";
  }

  #hasRoom(): boolean {
    const most = this.settings?.streams ?? 0;
    return !this.congested && this.streams.size + this.#ready < most;
  }

  #makeReady(): void {
    if (this.#unsent.size === this.#ready || !this.#hasRoom()) return;
    for (const stream of this.#unsent.values()) {
      if (stream.ready) continue;
      if (!this.#hasRoom()) return;
      this.#ready += 1;
      stream.makeReady();
      stream.tellReady();
    }
  }

  #drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    this.flushSoon();
    this.#owner.onDraining();
  }
}
