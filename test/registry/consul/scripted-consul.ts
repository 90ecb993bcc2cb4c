// What Consul would answer, said by a test: path by path, or nothing at all for as long as the test lasts.
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Instance } from "../../../mesh/model.ts";
import { toRegistration } from "../../../registry/consul/registration.ts";
import type { HealthEntry } from "../../../registry/consul/types.ts";

export interface Question {
  /** Below `/v1/`. */
  readonly path: string;
  /** 0 for an answer at once. */
  readonly index: number;
  /** As Consul is told, such as `1000ms`; undefined without an index. */
  readonly wait: string | undefined;
}

export interface ScriptedAnswer {
  readonly body: unknown;
  readonly index: number;
}

/** Disposing ends it with all that is held. */
export class ScriptedConsul implements AsyncDisposable {
  /** In the order of their arrival. */
  readonly questions: Question[] = [];
  /** Undefined holds the question. */
  answer: (question: Question) => ScriptedAnswer | undefined;
  readonly #held = new Map<Question, ServerResponse>();
  readonly #server = createServer((request, response) => this.#take(request, response));

  private constructor(answer: ScriptedConsul["answer"]) {
    this.answer = answer;
  }

  static async start(answer: ScriptedConsul["answer"]): Promise<ScriptedConsul> {
    const consul = new ScriptedConsul(answer);
    consul.#server.listen(0, "127.0.0.1");
    await once(consul.#server, "listening");
    return consul;
  }

  get address(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The questions that are held. */
  get held(): readonly Question[] {
    return [...this.#held.keys()];
  }

  /** Asks the script again for everything that is held, since it answers otherwise now. */
  review(): void {
    for (const [question, response] of this.#held) this.#settle(question, response);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await this.#server[Symbol.asyncDispose]();
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? "/", "http://consul");
    const index = Number(url.searchParams.get("index") ?? 0);
    const wait = url.searchParams.get("wait") ?? undefined;
    const question = { path: url.pathname.slice("/v1/".length), index, wait };
    this.questions.push(question);
    response.once("close", () => this.#held.delete(question));
    request.resume();
    this.#held.set(question, response);
    this.#settle(question, response);
  }

  #settle(question: Question, response: ServerResponse): void {
    const answer = this.answer(question);
    if (answer === undefined) return;
    this.#held.delete(question);
    const headers = {
      "content-type": "application/json",
      "x-consul-index": String(answer.index),
      "x-consul-knownleader": "true",
    };
    response.writeHead(200, headers).end(JSON.stringify(answer.body));
  }
}

const TIMES = { timeToLive: 30_000, deregisterAfter: 600_000 };
const NODE = { Node: "consul-a", Address: "192.0.2.1" };

/** An instance as the lists of Consul have it: itself, and its sidecar. */
export function listed(
  instance: Instance,
  status: "passing" | "critical" = "passing",
): { readonly service: HealthEntry; readonly sidecar: HealthEntry } {
  const { service, sidecar } = toRegistration(instance, TIMES, status);
  const Checks = [{ CheckID: "check", Status: status, Output: "said" }];
  return {
    service: { Node: NODE, Service: { ...service, Service: service.Name }, Checks },
    sidecar: { Node: NODE, Service: { ...sidecar, Service: sidecar.Name }, Checks },
  };
}
