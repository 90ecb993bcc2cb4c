// Consul's UI and as much of its API as the UI asks for, behind the console's login. What goes to Consul is made of a few fields
// of the request and never of its cookies; what comes back sets none.
import type { Agent, ClientRequest, IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Request, RequestHandler, Response } from "express";
import {
  createProxyMiddleware,
  type RequestHandler as Forwarder,
  type Options,
} from "http-proxy-middleware";
import { describeError } from "../../mesh/errors.ts";
import type { Log } from "../../mesh/log.ts";
import { openConnections, parseConsulAddress } from "../../registry/consul/address.ts";
import { send } from "../api/answers.ts";
import { answerCode, type ErrorAnswer } from "../api/error-status.ts";
import { mayAskConsul } from "./consul-paths.ts";
import { consulUiPolicy } from "./consul-ui-policy.ts";
import { sessionOf, TOO_MUCH } from "./guard.ts";
import { SECURITY_HEADERS } from "./security-headers.ts";
import { pathOf } from "./target.ts";
import { CONSUL_PATH, type Role } from "./view.ts";

/** Requests to Consul at a time. Consul takes 200 connections from one address, and the agent needs most of them. */
const MOST = 32;
/** Consul holds an answer back for ten minutes and a sixteenth at most, ms. */
const LONGEST_WAIT = 660_000;
/** Bytes of the UI's page at most. */
const LARGEST_PAGE = 1_048_576;

/** Fields of a request that Consul gets to see. */
const PASSED: ReadonlySet<string> = new Set([
  ...["accept", "accept-encoding", "accept-language", "content-length", "content-type"],
  ...["transfer-encoding", "if-modified-since", "if-none-match", "range"],
]);
const PASSED_IN_UPGRADES: ReadonlySet<string> = new Set([
  ...["connection", "upgrade", "sec-websocket-key", "sec-websocket-version"],
  ...["sec-websocket-protocol", "sec-websocket-extensions"],
]);
/** What is ours to say to browsers. */
const OURS: ReadonlySet<string> = new Set([
  ...Object.keys(SECURITY_HEADERS).filter((name) => name !== "cache-control"),
  ...["set-cookie", "strict-transport-security", "server", "access-control-allow-origin"],
]);

const CLOSED: ErrorAnswer = answerCode(
  "FORBIDDEN",
  "expected what Consul's UI asks for and this role may see: ask Consul itself for other things",
);
const GONE: ErrorAnswer = {
  ...answerCode("CATALOG_UNAVAILABLE", "Consul does not answer: `docker mesh status` says why"),
  status: 502,
};
const GONE_PAGE = `<!doctype html>
<meta charset="utf-8">
<title>Consul does not answer</title>
<h1>Consul does not answer</h1>
<p>The mesh goes on with what was known last; <code>docker mesh status</code> says why. <a href="/">Back to the console</a></p>
`;

export interface ConsulProxyParts {
  /** Of the node's Consul agent. */
  readonly address: string;
  /** Who the mesh is to Consul. */
  readonly token: string | undefined;
  readonly log: Log;
}

export class ConsulProxy implements Disposable {
  readonly #connections: Agent;
  readonly #log: Log;
  readonly #assets: Forwarder;
  readonly #page: Forwarder;
  readonly #api: Forwarder;
  #underWay = 0;

  constructor({ address, token, log }: ConsulProxyParts) {
    const parsed = parseConsulAddress(address);
    this.#connections = openConnections(parsed);
    this.#log = log;
    const options: Options = {
      ...{ target: parsed.base, agent: this.#connections, changeOrigin: true },
      // The defaults would tell whoever asks what was asked, and log it.
      ...{ proxyTimeout: LONGEST_WAIT, ejectPlugins: true },
      headers: token === undefined ? {} : { "x-consul-token": token },
    };
    this.#assets = this.#proxy(options, ({ headers }) => {
      headers["cache-control"] = "private, no-cache";
    });
    this.#page = this.#proxy({ ...options, selfHandleResponse: true }, sendPage);
    this.#api = this.#proxy(options, () => undefined);
  }

  /** Answers below `/v1/` and {@link CONSUL_PATH}, behind the login, and leaves everything else to others. */
  readonly handler: RequestHandler = (request, response, next) => {
    const path = pathOf(request.url) ?? "";
    if (path === CONSUL_PATH.slice(0, -1)) return response.redirect(CONSUL_PATH);
    const proxy = this.#proxyFor(path);
    if (proxy === undefined) return next();
    if (!mayAsk(sessionOf(response).role, request)) return send(response, CLOSED);
    if (!this.#take(response)) return send(response, TOO_MUCH);
    keepFields(request, PASSED);
    if (proxy === this.#page) delete request.headers["accept-encoding"];
    void proxy(request, response, next);
  };

  /** Passes an upgrade on; false for one that this role may not ask. Whatever becomes of it is the socket's. */
  upgrade(request: IncomingMessage, socket: Socket, head: Buffer, role: Role): boolean {
    const path = pathOf(request.url ?? "") ?? "";
    if (this.#proxyFor(path) !== this.#api || !mayAsk(role, request)) return false;
    if (!this.#take(socket)) return false;
    keepFields(request, new Set([...PASSED, ...PASSED_IN_UPGRADES]));
    this.#api.upgrade(request, socket, head);
    return true;
  }

  [Symbol.dispose](): void {
    this.#connections.destroy();
  }

  #proxyFor(path: string): Forwarder | undefined {
    if (path.startsWith("/v1/")) return this.#api;
    if (!path.startsWith(CONSUL_PATH)) return undefined;
    return path.startsWith(`${CONSUL_PATH}assets/`) ? this.#assets : this.#page;
  }

  #take(answer: Response | Socket): boolean {
    if (this.#underWay >= MOST) return false;
    this.#underWay += 1;
    answer.once("close", () => {
      this.#underWay -= 1;
    });
    return true;
  }

  #proxy(
    options: Options,
    onAnswer: (answer: IncomingMessage, request: IncomingMessage, response: ServerResponse) => void,
  ): Forwarder {
    const plugin: NonNullable<Options["plugins"]>[number] = (proxy) => {
      proxy.on("proxyRes", (answer, request, response) => {
        for (const name of OURS) delete answer.headers[name];
        onAnswer(answer, request, response);
      });
      proxy.on("proxyReqWs", (asked, _request, socket) => endTogether(asked, socket));
      proxy.on("error", (error, request, target) => this.#fail(error, request, target));
    };
    return createProxyMiddleware({ ...options, plugins: [plugin] });
  }

  #fail(
    error: Error,
    request: IncomingMessage | undefined,
    target: ServerResponse | Socket | undefined,
  ): void {
    this.#log.debug("Consul did not answer the console", { error: describeError(error) });
    if (target === undefined || target.destroyed) return;
    if (!("writeHead" in target)) return void target.destroy();
    // Of an answer that has begun the client must see that it is not whole.
    if (target.headersSent) return void target.destroy();
    const wantsPage = request?.url?.startsWith(CONSUL_PATH) === true;
    target.writeHead(GONE.status, {
      "content-type": wantsPage ? "text/html; charset=utf-8" : "application/json; charset=utf-8",
    });
    target.end(wantsPage ? GONE_PAGE : JSON.stringify(GONE.body));
  }
}

function mayAsk(role: Role, { method = "", url = "" }: IncomingMessage): boolean {
  const [path = "", ...query] = url.split("?");
  if (path.startsWith(CONSUL_PATH)) return method === "GET" || method === "HEAD";
  return mayAskConsul(role, method, path, query.join("?"));
}

function keepFields({ headers }: Request | IncomingMessage, kept: ReadonlySet<string>): void {
  for (const name of Object.keys(headers)) if (!kept.has(name)) delete headers[name];
}

/** Without it the connection to Consul would outlive one that we cut. */
function endTogether(asked: ClientRequest, socket: Socket): void {
  socket.once("close", () => asked.destroy());
  asked.once("upgrade", (_answer, other) => {
    socket.once("close", () => other.destroy());
    other.once("close", () => socket.destroy());
  });
}

/** Reads the page first: what its scripts may do depends on it. */
function sendPage(
  answer: IncomingMessage,
  _request: IncomingMessage,
  response: ServerResponse,
): void {
  const chunks: Buffer[] = [];
  let size = 0;
  answer.on("data", (chunk: Buffer) => {
    size += chunk.length;
    chunks.push(chunk);
    if (size > LARGEST_PAGE) answer.destroy(new Error("expected a page of at most 1 MiB"));
  });
  answer.once("error", () => response.destroy());
  answer.once("end", () => {
    const page = Buffer.concat(chunks);
    const isPage = answer.headers["content-type"]?.startsWith("text/html") === true;
    const policy = isPage ? { "content-security-policy": consulUiPolicy(page.toString()) } : {};
    const { location, "content-type": type } = answer.headers;
    response.writeHead(answer.statusCode ?? 502, {
      ...policy,
      ...(type === undefined ? {} : { "content-type": type }),
      ...(location === undefined ? {} : { location }),
      "content-length": page.length,
    });
    response.end(page);
  });
}
