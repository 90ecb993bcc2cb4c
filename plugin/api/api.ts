// The agent's HTTP API, read-only: what `docker mesh` and health checks ask. Every answer but the plan is JSON.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import express, { type NextFunction, type Request, type Response } from "express";
import { describeError, MeshError } from "../../mesh/errors.ts";
import type { Log } from "../../mesh/log.ts";
import type { MeshStatus } from "../status.ts";
import { answerCode, answerError, type ErrorAnswer } from "./error-status.ts";

/** How long answers in flight may take once the signal has aborted, ms. */
const GRACE = 1_000;

/** What the API shows; each is asked anew for every request. */
export interface ApiSources {
  readonly status: () => MeshStatus;
  /** The latest printed plan and the steps of it that are still to be done. */
  readonly plan: () => string;
  /** Whether the agent does its work; false makes /v1/health answer 503. */
  readonly healthy: () => boolean;
  readonly log: Log;
}

export interface ListenAddress {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
}

export interface ApiServer {
  /** The port that is listened on. */
  readonly port: number;
  /** Resolves when the listener and all its connections are closed. */
  readonly closed: Promise<void>;
}

/** The application without a server; {@link serveApi} listens. */
export function createApi(sources: ApiSources): express.Express {
  const { log } = sources;
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.enable("strict routing");
  app.enable("case sensitive routing");
  app.use((_request, response, next) => {
    // The state of this moment, not for any cache.
    response.set({ "cache-control": "no-store", "x-content-type-options": "nosniff" });
    next();
  });
  const readOnly = (path: string, answer: (response: Response) => void): void => {
    app
      .route(path)
      .get((_request, response) => answer(response))
      .all(refuseMethod);
  };
  readOnly("/v1/health", (response) => {
    const healthy = sources.healthy();
    response.status(healthy ? 200 : 503).json({ healthy });
  });
  readOnly("/v1/status", (response) => void response.json(sources.status()));
  readOnly("/v1/plan", (response) => void response.type("text/plain").send(sources.plan()));
  app.use((request, response) => {
    send(response, answerCode("NOT_FOUND", `expected a path of the API, got ${request.path}`));
  });
  // Express tells an error handler by its four parameters.
  app.use((error: unknown, request: Request, response: Response, _next: NextFunction) => {
    const answer = answerError(error);
    log.error("request failed", { path: request.path, problem: describeError(error) });
    send(response, answer);
  });
  return app;
}

function refuseMethod(request: Request, response: Response): void {
  response.set("allow", "GET, HEAD");
  send(response, answerCode("METHOD_NOT_ALLOWED", `expected GET, got ${request.method}`));
}

function send(response: Response, { status, body }: ErrorAnswer): void {
  response.status(status).json(body);
}

/**
 * Listens until the signal aborts; then answers in flight are finished and everything is closed. Throws PORT_IN_USE when
 * somebody else has the port, CONFIGURATION_INVALID when the address cannot be listened on for another reason.
 */
export async function serveApi(
  app: express.Express,
  listen: ListenAddress,
  signal: AbortSignal,
): Promise<ApiServer> {
  signal.throwIfAborted();
  const server = createServer(app);
  await open(server, listen);
  const closed = closeWith(server, signal);
  return { port: (server.address() as AddressInfo).port, closed };
}

async function open(server: Server, { host, port }: ListenAddress): Promise<void> {
  const listening = Promise.withResolvers<void>();
  server.once("error", listening.reject);
  server.listen(port, host, listening.resolve);
  try {
    await listening.promise;
  } catch (cause) {
    const inUse = (cause as NodeJS.ErrnoException).code === "EADDRINUSE";
    throw inUse
      ? new MeshError(
          "PORT_IN_USE",
          `expected port ${port} on ${host} to be free for the API, found another process listening there: stop it, or set MESH_API_LISTEN to another address`,
          { cause },
        )
      : new MeshError(
          "CONFIGURATION_INVALID",
          `expected MESH_API_LISTEN to be an address of this machine, got ${host}:${port}`,
          { cause },
        );
  }
}

function closeWith(server: Server, signal: AbortSignal): Promise<void> {
  const closed = Promise.withResolvers<void>();
  let force: NodeJS.Timeout | undefined;
  const close = (): void => {
    server.close();
    force = setTimeout(() => server.closeAllConnections(), GRACE);
  };
  server.once("close", () => {
    clearTimeout(force);
    signal.removeEventListener("abort", close);
    closed.resolve();
  });
  signal.addEventListener("abort", close, { once: true });
  if (signal.aborted) close();
  return closed.promise;
}
