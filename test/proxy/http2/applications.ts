// Applications and clients of the tests: bare ones, on Node's own libraries.
import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  createServer as createHttp2Server,
  type Http2Server,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type ServerOptions,
} from "node:http2";
import type { AddressInfo } from "node:net";

export type StreamHandler = (stream: ServerHttp2Stream, fields: IncomingHttpHeaders) => void;

/** An application that speaks HTTP/2 without TLS. */
export class Http2Application {
  readonly sessions: Set<ServerHttp2Session> = new Set();
  connections = 0;
  streams = 0;
  readonly #server: Http2Server;

  private constructor(server: Http2Server) {
    this.#server = server;
    server.on("session", (session) => {
      this.connections += 1;
      this.sessions.add(session);
      session.on("error", () => undefined).on("close", () => this.sessions.delete(session));
    });
  }

  static async start(
    handler: StreamHandler,
    options: ServerOptions = {},
  ): Promise<Http2Application> {
    const server = createHttp2Server(options);
    const application = new Http2Application(server);
    server.on("stream", (stream, fields) => {
      application.streams += 1;
      stream.on("error", () => undefined);
      handler(stream, fields);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return application;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    for (const session of this.sessions) session.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }
}

/** An application that speaks HTTP/1.1. */
export async function startHttp1Application(handler: RequestListener): Promise<Server> {
  const server = createServer(handler);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

/** What a client saw of a response. */
export interface Seen {
  readonly fields: IncomingHttpHeaders;
  readonly pairs: readonly string[];
  readonly informations: readonly IncomingHttpHeaders[];
  readonly body: Buffer;
  readonly trailers: IncomingHttpHeaders;
  readonly endedWithHeaders: boolean;
}

/** So that Node's client does not refuse by itself what is to be refused by us. */
const ANYTHING = { strictSingleValueFields: false, maxSendHeaderBlockLength: 200_000 };

/** A client that speaks HTTP/2 without TLS, on one connection. */
export class Http2Client {
  readonly session: ClientHttp2Session;
  /** Resolves when its connection is closed. */
  readonly gone: Promise<void>;

  constructor(port: number, host = "127.0.0.1") {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.gone = promise;
    this.session = connect(`http://${host}:${port}`, ANYTHING);
    this.session.on("error", () => undefined).on("close", resolve);
  }

  request(fields: OutgoingHttpHeaders | readonly string[], endStream = true): ClientHttp2Stream {
    const stream = this.session.request(fields, { endStream });
    return stream.on("error", () => undefined);
  }

  /** Sends a request and waits for all of its response; rejects when its stream is reset. */
  async call(
    fields: OutgoingHttpHeaders | readonly string[],
    body?: string | Buffer,
  ): Promise<Seen> {
    const stream = this.request(fields, body === undefined);
    if (body !== undefined) stream.end(body);
    return readAll(stream);
  }

  async close(): Promise<void> {
    this.session.destroy();
    await this.gone;
  }
}

/** Waits until a stream is over, and returns the code that it was reset with; 0 without a reset. */
export async function closed(stream: ClientHttp2Stream): Promise<number | undefined> {
  const { promise, resolve } = Promise.withResolvers<void>();
  stream.on("close", resolve).resume();
  if (!stream.destroyed) await promise;
  return stream.rstCode;
}

/** Reads a response to its end. */
export async function readAll(stream: ClientHttp2Stream): Promise<Seen> {
  const chunks: Buffer[] = [];
  const informations: IncomingHttpHeaders[] = [];
  let response: [IncomingHttpHeaders, number, readonly string[]] | undefined;
  let trailers: IncomingHttpHeaders = {};
  stream
    .on("headers", (fields) => informations.push(fields))
    .on("response", (...seen) => {
      response = seen;
    })
    .on("trailers", (fields) => {
      trailers = fields;
    })
    .on("data", (chunk: Buffer) => chunks.push(chunk));
  await closed(stream);
  if (stream.rstCode !== 0 || response === undefined)
    throw new Error(`the stream was reset with ${stream.rstCode}`);
  const [fields, flags, pairs] = response;
  const body = Buffer.concat(chunks);
  return { fields, pairs, informations, body, trailers, endedWithHeaders: (flags & 1) === 1 };
}
