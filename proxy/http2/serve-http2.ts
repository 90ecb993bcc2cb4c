// A caller's HTTP/2 connection: h2c from the own application, or over mutual TLS from a sidecar that is not ours. Framing,
// flow control and the limits on what a connection may cost are Node's; here they are set, and the connection's end is.
import type { IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import type { Exchanges, RequestHandler } from "../http/exchanges.ts";
import { HEAD_LIMITS } from "../http1/violation.ts";
import type { Connection } from "../transport/connection.ts";
import { type CallerSession, CallerStream } from "./caller-stream.ts";
import { CONNECTION_WINDOW, STREAM_WINDOW } from "./limits.ts";
import { NO_ERROR, nodeHttp2 } from "./node-http2.ts";

/** The highest stream id. As the last one of a GOAWAY it announces that a final GOAWAY will follow (RFC 9113 §6.8). */
const ANY_STREAM = 2 ** 31 - 1;

const OPTIONS = {
  settings: {
    maxConcurrentStreams: 1_000,
    maxHeaderListSize: HEAD_LIMITS.head,
    initialWindowSize: STREAM_WINDOW,
    enableConnectProtocol: false,
  },
  /** More than the parser accepts, so that it is the parser who refuses, with an answer. */
  maxHeaderListPairs: 128,
  /** MB for what Node keeps of a connection: 1000 responses that wait for their reader, and some. */
  maxSessionMemory: 100,
  maxSessionInvalidFrames: 1_000,
  maxSessionRejectedStreams: 100,
  /** Resets that a caller may have open, and a second: calls are cancelled in bursts when what they were for is over. */
  streamResetBurst: 4_000,
  streamResetRate: 500,
  /** What repeats is up to the application that wrote it. */
  strictSingleValueFields: false,
};

type OnStream = (
  stream: ServerHttp2Stream,
  fields: IncomingHttpHeaders,
  flags: number,
  pairs: string[],
) => void;

/** What is to be heard of a connection. */
export interface Http2Events {
  /** The connection is closed, for whatever reason. Once. */
  onClosed(): void;
}

/** A served connection; disposing of it breaks it off. */
export interface Http2Service extends Disposable {
  /** Sends the caller away: requests under way are finished, then the connection closes. */
  drain(): void;
}

/**
 * Serves the requests of a connection, which it owns from now on. What was read of it before must be back in its socket
 * (`unshift`), the preface included.
 */
export function serveHttp2(
  connection: Connection,
  exchanges: Exchanges,
  handler: RequestHandler,
  events: Http2Events,
): Http2Service {
  return new ServedSession(connection.socket, exchanges, handler, events);
}

class ServedSession implements Http2Service, CallerSession {
  readonly exchanges: Exchanges;
  readonly handler: RequestHandler;
  readonly #socket: Socket;
  readonly #session: ServerHttp2Session;
  #draining = false;
  /** Streams that are open. */
  #open = 0;

  constructor(socket: Socket, exchanges: Exchanges, handler: RequestHandler, events: Http2Events) {
    this.exchanges = exchanges;
    this.handler = handler;
    this.#socket = socket;
    this.#session = nodeHttp2().performServerHandshake(socket, OPTIONS);
    this.#session.setLocalWindowSize(CONNECTION_WINDOW);
    this.#session
      .on("error", () => undefined)
      .on("stream", this.#onStream)
      .on("close", () => events.onClosed());
    // Given to `setTimeout` itself it would be called once, and connections are idle again and again.
    if (handler.idle !== undefined)
      this.#session.on("timeout", this.#onIdle).setTimeout(handler.idle);
    // A caller that sends nothing more cannot even say how much it can take.
    socket.on("end", () => socket.destroy());
  }

  /**
   * The end is announced first: what is on its way meanwhile is served, and the end comes when the caller has heard of it.
   * Node stops reading once it has sent a GOAWAY and no stream is open: then the end comes at once.
   */
  drain(): void {
    if (this.#draining || this.#session.closed) return;
    this.#draining = true;
    if (this.#open === 0) {
      this.#session.close();
      return;
    }
    this.#session.goaway(NO_ERROR, ANY_STREAM);
    this.#session.ping(() => this.#session.close());
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  readonly #onIdle = (): void => {
    if (this.#open === 0) this.#session.close();
  };

  readonly #onStream: OnStream = (stream, fields, _flags, pairs) => {
    stream.on("error", () => undefined);
    // It was reset in the bytes that brought it.
    if (stream.closed) {
      stream.resume();
      return;
    }
    this.#open += 1;
    stream.on("close", this.#onStreamClose);
    new CallerStream(stream, this, fields["content-type"]).begin(pairs);
  };

  readonly #onStreamClose = (): void => {
    this.#open -= 1;
    if (this.#draining && this.#open === 0) this.#session.close();
  };
}
