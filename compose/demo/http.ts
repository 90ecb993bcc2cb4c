// A service of the shop as an HTTP server: a table of routes, bounded bodies, errors as answers. No framework needed.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { hostname } from "node:os";
import { stopOnSignal } from "./shutdown.ts";

/** No order needs more than this many bytes. */
const BODY_LIMIT = 4096;

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export type Handler = (request: IncomingMessage) => Reply | Promise<Reply>;

/** Handlers by method and path, e.g. `GET /products`. */
export type Routes = Readonly<Record<string, Handler>>;

/** A refusal with the status to answer; the message is for the person who asked. */
export class HttpError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export function json(status: number, value: unknown): Reply {
  return {
    status,
    headers: { "content-type": "application/json", "cache-control": "no-store" },
    body: `${JSON.stringify(value)}\n`,
  };
}

/** The whole body as text; throws a 413 beyond the limit. */
export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  // Leaving the loop must not destroy the request: its socket still has to carry the refusal.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_LIMIT) throw new HttpError(413, `a body has at most ${BODY_LIMIT} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** Who called, if a sidecar has authenticated the caller: the URI in the last element of the header. */
export function callerIdentity(request: IncomingMessage): string | undefined {
  const header = request.headers["x-forwarded-client-cert"];
  const last = [...String(header ?? "").matchAll(/(?:^|[;,])\s*URI="?(spiffe:\/\/[^";,\s]+)/gi)].at(
    -1,
  );
  return last?.[1];
}

/** The name of this copy: in a container, the first twelve digits of its id. */
export function replicaName(): string {
  return hostname();
}

/**
 * Serves until SIGTERM or SIGINT. `PORT` and `HOST` override 8080 on all addresses.
 * `onError` turns what a handler threw into an answer; `close` releases what the service holds open.
 */
export function serve(
  name: string,
  routes: Routes,
  onError: (error: unknown) => Reply,
  close: () => void = () => undefined,
): Server {
  const withHealth: Routes = { "GET /health": () => json(200, { status: "ok" }), ...routes };
  const server = createServer({ requestTimeout: 10_000 }, (request, response) => {
    void answer(withHealth, onError, request, response);
  });
  stopOnSignal(server, name, close);
  const port = Number(process.env["PORT"] ?? 8080);
  server.listen(port, process.env["HOST"] ?? "0.0.0.0", () => {
    const address = server.address();
    console.log(`${name} listens on port ${typeof address === "object" ? address?.port : port}`);
  });
  return server;
}

async function answer(
  routes: Routes,
  onError: (error: unknown) => Reply,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  let reply: Reply;
  try {
    reply = await findHandler(routes, request)(request);
  } catch (error) {
    reply = onError(error);
  }
  // What was not read would be taken for the next request: end the connection instead.
  if (!request.complete) response.setHeader("connection", "close");
  response.writeHead(reply.status, {
    ...reply.headers,
    "content-length": Buffer.byteLength(reply.body),
  });
  response.end(reply.body);
}

function findHandler(routes: Routes, request: IncomingMessage): Handler {
  const method = request.method === "HEAD" ? "GET" : request.method;
  const path = request.url?.split("?", 1)[0];
  const handler = Object.hasOwn(routes, `${method} ${path}`)
    ? routes[`${method} ${path}`]
    : undefined;
  if (handler === undefined) throw new HttpError(404, `there is no ${method} ${path} here`);
  return handler;
}
