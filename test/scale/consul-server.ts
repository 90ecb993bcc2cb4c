// The node's Consul agent as the mesh's agent meets it: HTTP with blocking queries, a bound on connections, a certificate
// authority with real certificates, and counters of all that was asked.
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { ConsulStatus, ServiceDefinition } from "../../registry/consul/types.ts";
import { TestAuthority, TRUST_DOMAIN, uriOf } from "../helpers/certificates.ts";
import type { ConsulState, Topic } from "./consul-state.ts";

const STATUS: Readonly<Record<string, ConsulStatus>> = {
  pass: "passing",
  warn: "warning",
  fail: "critical",
};

export interface ConsulCounters {
  requests: number;
  /** Bodies alone. */
  bytes: number;
  /** Connections beyond the bound. */
  refused: number;
  mostConnections: number;
}

/** One answer: its body, and the index of what it speaks of. */
interface Answer {
  readonly topic: Topic;
  readonly body: () => string;
  readonly isAbsent?: boolean;
}

export class ConsulServer implements AsyncDisposable {
  readonly counters: ConsulCounters = { requests: 0, bytes: 0, refused: 0, mostConnections: 0 };
  /** Requests by the first two parts of their path. */
  readonly asked: Map<string, number> = new Map();
  readonly #state: ConsulState;
  readonly #node: string;
  readonly #authority: TestAuthority;
  readonly #server: Server;
  readonly #leaves = new Map<string, Promise<string>>();
  readonly #bodies = new Map<string, { readonly index: number; readonly text: string }>();
  readonly #mostConnections: number;
  #connections = 0;

  private constructor(
    state: ConsulState,
    node: string,
    authority: TestAuthority,
    mostConnections: number,
  ) {
    this.#state = state;
    this.#node = node;
    this.#authority = authority;
    this.#mostConnections = mostConnections;
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch(() => response.destroy());
    });
    this.#server.on("connection", (socket) => {
      this.#connections += 1;
      socket.once("close", () => {
        this.#connections -= 1;
      });
      this.counters.mostConnections = Math.max(this.counters.mostConnections, this.#connections);
      if (this.#connections <= mostConnections) return;
      this.counters.refused += 1;
      socket.end(
        "HTTP/1.1 429 Too Many Requests\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
      );
    });
  }

  static async start(
    state: ConsulState,
    node: string,
    mostConnections: number,
  ): Promise<ConsulServer> {
    const authority = await TestAuthority.create();
    const consul = new ConsulServer(state, node, authority, mostConnections);
    consul.#server.keepAliveTimeout = 60_000;
    consul.#server.listen(0, "127.0.0.1");
    await once(consul.#server, "listening");
    return consul;
  }

  get address(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://consul");
    const path = url.pathname.replace("/v1/", "");
    this.counters.requests += 1;
    const kind = path.split("/").slice(0, 2).join("/");
    this.asked.set(kind, (this.asked.get(kind) ?? 0) + 1);
    if (request.method === "PUT") return await this.#change(path, url, request, response);
    const answer = await this.#find(path);
    if (answer === undefined) return void response.writeHead(501).end();
    const index = Number(url.searchParams.get("index") ?? 0);
    const wait = Number.parseInt(url.searchParams.get("wait") ?? "0", 10);
    if (index >= this.#state.indexOf(answer.topic))
      await this.#changeOf(answer.topic, wait, response);
    const text = answer.body();
    this.counters.bytes += text.length;
    response.writeHead(answer.isAbsent === true ? 404 : 200, {
      "content-type": "application/json",
      "x-consul-index": this.#state.indexOf(answer.topic),
      "x-consul-knownleader": "true",
    });
    response.end(text);
  }

  async #changeOf(topic: Topic, wait: number, response: ServerResponse): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#state.wait(topic, resolve);
    const timer = setTimeout(resolve, wait);
    response.once("close", resolve);
    await promise;
    clearTimeout(timer);
    cancel();
  }

  async #find(path: string): Promise<Answer | undefined> {
    const state = this.#state;
    const [first = "", second = "", ...others] = path.split("/").map(decodeURIComponent);
    const rest = others.join("/");
    const service = `service ${rest}`;
    switch (`${first}/${second}`) {
      case "catalog/services":
        return {
          topic: "services",
          body: this.#cached(path, "services", () => state.serviceNames()),
        };
      case "health/service":
        return {
          topic: service,
          body: this.#cached(path, service, () => state.serviceHealth(rest)),
        };
      case "health/connect":
        return {
          topic: service,
          body: this.#cached(path, service, () => state.sidecarHealth(rest)),
        };
      case "health/state":
        return { topic: "critical", body: () => JSON.stringify(state.criticalChecks()) };
      case "agent/self":
        return constant({
          Config: { Datacenter: "dc1", Version: "1.22.0" },
          DebugConfig: { HTTPMaxConnsPerClient: this.#mostConnections },
        });
      case "agent/services":
        return { topic: "own", body: () => JSON.stringify(state.servicesOn(this.#node)) };
      case "connect/intentions":
        return constant([]);
      case "agent/connect":
        return await this.#certificates(rest);
      default:
        return first === "kv" ? { ...constant([]), isAbsent: true } : undefined;
    }
  }

  async #certificates(path: string): Promise<Answer> {
    const roots = { TrustDomain: TRUST_DOMAIN, Roots: [{ RootCert: this.#authority.root }] };
    if (path === "ca/roots") return constant(roots);
    const service = path.replace("ca/leaf/", "");
    const text = this.#leaves.get(service) ?? this.#issue(service);
    this.#leaves.set(service, text);
    const leaf = await text;
    return { topic: "leaf", body: () => leaf };
  }

  async #issue(service: string): Promise<string> {
    const leaf = await this.#authority.issue([{ type: 6, value: uriOf(service) }]);
    return JSON.stringify({ CertPEM: leaf.certificate, PrivateKeyPEM: leaf.privateKey });
  }

  #cached(path: string, topic: Topic, make: () => unknown): () => string {
    return () => {
      const index = this.#state.indexOf(topic);
      const known = this.#bodies.get(path);
      if (known?.index === index) return known.text;
      const text = JSON.stringify(make());
      this.#bodies.set(path, { index, text });
      return text;
    };
  }

  async #change(
    path: string,
    url: URL,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const [, , verb = "", encoded = ""] = path.split("/");
    const id = decodeURIComponent(encoded);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (verb === "register")
      this.#state.register(
        this.#node,
        JSON.parse(String(Buffer.concat(chunks))) as ServiceDefinition,
      );
    if (verb === "deregister") this.#state.deregister(id);
    const status = STATUS[verb];
    const isKnown =
      status === undefined || this.#state.setCheck(id, status, url.searchParams.get("note") ?? "");
    response.writeHead(isKnown ? 200 : 404).end();
  }
}

function constant(value: unknown): Answer {
  const text = JSON.stringify(value);
  return { topic: "constant", body: () => text };
}
