// An HTTP/2 connection to a destination, with as many streams at once as the peer allows.
import type { ClientHttp2Session } from "node:http2";
import type { RequestStream, StreamListener } from "../http/streams.ts";
import { HEAD_LIMITS } from "../http1/violation.ts";
import type { Connection } from "../transport/connection.ts";
import { CONNECTION_WINDOW, STREAM_WINDOW } from "./limits.ts";
import { nodeHttp2 } from "./node-http2.ts";
import { type OriginConnection, OriginStream } from "./origin-stream.ts";

/** Milliseconds until the peer must have shown that it speaks HTTP/2. */
const SETTINGS_TIMEOUT = 2_000;
/** Milliseconds without a request after which a connection is asked whether it is still needed. */
const IDLE_TIMEOUT = 60_000;
/** Streams after which a connection is replaced: ids end at 2^31, and every other one is ours. */
const MAX_STREAMS = 1_000_000_000;

const OPTIONS = {
  settings: {
    enablePush: false,
    maxHeaderListSize: HEAD_LIMITS.head,
    initialWindowSize: STREAM_WINDOW,
  },
  /** What repeats is up to the application that wrote it. */
  strictSingleValueFields: false,
};

export interface OriginSessionOptions {
  readonly scheme: "http" | "https";
  /** A stream is over: there may be room for another, and the connection may be idle. */
  onRoom(session: OriginSession): void;
  /** Nothing was asked for a while; only of an idle connection. */
  onIdle(session: OriginSession): void;
  /** The peer closes it, or has closed it. Once at most, before `onEnd`. */
  onLeft(): void;
  /** No more streams: the peer closes the connection, or it is closed. Once. */
  onEnd(session: OriginSession): void;
}

/**
 * Makes a session of a connection, as soon as the peer has said how many streams it allows. Rejects, and closes the
 * connection, when the peer does not speak HTTP/2, or with the signal's reason.
 */
export async function openOriginSession(
  connection: Connection,
  options: OriginSessionOptions,
  signal: AbortSignal,
): Promise<OriginSession> {
  const { socket } = connection;
  const createConnection = (): Connection["socket"] => socket;
  const session = nodeHttp2().connect(`${options.scheme}://destination`, {
    ...OPTIONS,
    createConnection,
  });
  session.on("error", () => undefined);
  // Node ends the streams to a peer that has gone only when the socket is closed. It may have gone before.
  socket.on("end", () => socket.destroy());
  if (socket.readableEnded) socket.destroy();
  try {
    await settingsOf(session, signal);
  } catch (error) {
    socket.destroy();
    throw error;
  }
  session.setLocalWindowSize(CONNECTION_WINDOW);
  return new OriginSession(session, connection, options);
}

async function settingsOf(session: ClientHttp2Session, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onTimeout = (): void => reject(new Error("no SETTINGS in time"));
  // After a busy time the event loop runs its timers before it reads what has arrived meanwhile.
  const timer = setTimeout(() => void setImmediate(onTimeout), SETTINGS_TIMEOUT);
  const onAbort = (): void => reject(signal.reason);
  const onClose = (): void => reject(new Error("the peer does not speak HTTP/2"));
  signal.addEventListener("abort", onAbort, { once: true });
  session.once("remoteSettings", () => resolve()).once("close", onClose);
  try {
    signal.throwIfAborted();
    await promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
    session.off("close", onClose);
  }
}

export class OriginSession implements OriginConnection {
  readonly session: ClientHttp2Session;
  readonly #connection: Connection;
  readonly #options: OriginSessionOptions;
  #active = 0;
  #opened = 0;
  /** What the peer's GOAWAY said. */
  #lastTaken: number = Number.POSITIVE_INFINITY;
  #ended = false;

  constructor(session: ClientHttp2Session, connection: Connection, options: OriginSessionOptions) {
    this.session = session;
    this.#connection = connection;
    this.#options = options;
    session
      .on("goaway", (_code, lastStream) => this.#onGoaway(lastStream))
      .on("close", () => this.#leave())
      .setTimeout(IDLE_TIMEOUT, () => this.#onTimeout());
  }

  get scheme(): "http" | "https" {
    return this.#options.scheme;
  }

  get closing(): boolean {
    return this.#ended || this.session.closed || this.#connection.socket.destroyed;
  }

  /** Whether {@link openStream} may be called. */
  get accepting(): boolean {
    if (this.closing) return false;
    return this.#active < (this.session.remoteSettings.maxConcurrentStreams ?? MAX_STREAMS);
  }

  get idle(): boolean {
    return this.#active === 0;
  }

  /** Begins a try, which is ready at once. */
  openStream(listener: StreamListener): RequestStream {
    const stream = new OriginStream(this, listener, this.#opened > 0);
    this.#active += 1;
    this.#opened += 1;
    if (this.#opened === MAX_STREAMS) this.#end();
    return stream;
  }

  refuses(stream: number): boolean {
    return stream > this.#lastTaken;
  }

  release(): void {
    this.#active -= 1;
    if (this.#ended && this.idle) this.session.close();
    else this.#options.onRoom(this);
  }

  /** Closes it when its last stream is over. */
  retire(): void {
    this.#end();
    if (this.idle) this.session.close();
  }

  /** Breaks it off. */
  close(): void {
    this.#connection.socket.destroy();
  }

  #onGoaway(lastStream: number): void {
    this.#lastTaken = lastStream;
    this.#leave();
  }

  #leave(): void {
    if (!this.#ended) this.#options.onLeft();
    this.#end();
  }

  #onTimeout(): void {
    if (this.idle) this.#options.onIdle(this);
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#options.onEnd(this);
  }
}
