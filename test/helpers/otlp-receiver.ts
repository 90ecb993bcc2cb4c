// A collector for tests: takes OTLP over HTTP in JSON, strictly, and answers as the test wants it.
import { once } from "node:events";
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";
import { parseTraceRequest, type ReceivedRequest, type ReceivedSpan } from "./otlp-shape.ts";

/** How a request is answered; one that does nothing hangs. */
export type Answer = (response: ServerResponse) => void;

export const take: Answer = (response) =>
  void response.writeHead(200, { "content-type": "application/json" }).end('{"partialSuccess":{}}');

export function status(code: number, headers: Record<string, string> = {}, body = ""): Answer {
  return (response) => void response.writeHead(code, headers).end(body);
}

export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly request: ReceivedRequest;
}

export class OtlpReceiver implements AsyncDisposable {
  /** What has come, be it answered well or not. */
  readonly received: Received[] = [];
  /** What was wrong with what has come. */
  readonly violations: string[] = [];
  answer: Answer = take;
  /** Requests that have come and are not answered, and how many of these there were at most. */
  open = 0;
  mostOpen = 0;
  readonly #server;
  readonly #scheme: string;

  constructor(tls?: { readonly key: string; readonly cert: string }) {
    const listener = (request: IncomingMessage, response: ServerResponse): void => {
      void this.#take(request, response);
    };
    this.#server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
    this.#scheme = tls === undefined ? "http" : "https";
  }

  /** Its address, without a path. Port 0 lets the system choose. */
  async listen(host = "127.0.0.1", port = 0): Promise<string> {
    this.#server.listen(port, host);
    await once(this.#server, "listening");
    return `${this.#scheme}://${host}:${(this.#server.address() as AddressInfo).port}`;
  }

  get spans(): readonly ReceivedSpan[] {
    return this.received.flatMap(({ request }) =>
      request.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.open += 1;
    this.mostOpen = Math.max(this.mostOpen, this.open);
    response.once("close", () => {
      this.open -= 1;
    });
    try {
      const body = await buffer(request);
      const { headers, url = "" } = request;
      const text = headers["content-encoding"] === "gzip" ? gunzipSync(body) : body;
      this.received.push({ path: url, headers, request: parseTraceRequest(text.toString("utf8")) });
    } catch (error) {
      this.violations.push((error as Error).message);
    }
    this.answer(response);
  }
}
