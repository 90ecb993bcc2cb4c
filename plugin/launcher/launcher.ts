// Answers one request of the agent: reads it into a call, decides, writes the call anew for the engine, and hands back of the
// answer what the agent reads. Not a byte of the request reaches the engine.
import type { IncomingMessage, ServerResponse } from "node:http";
import { json } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { describeError } from "../../mesh/errors.ts";
import type { Log } from "../../mesh/log.ts";
import { answerOf, isConcerned } from "./answers.ts";
import { objectionTo } from "./authorize.ts";
import type { EngineSocket } from "./engine-socket.ts";
import { type Agent, agentsOf, sidecarTarget, summaryOf } from "./facts.ts";
import { HeldContainers } from "./held.ts";
import { type Call, readCall, writeTarget } from "./read-call.ts";
import { readBody, refuseAmbiguity } from "./read-request.ts";
import { Refusal } from "./refusal.ts";
import { fitCreation, targetOf } from "./template.ts";

export interface LauncherParts {
  readonly engine: EngineSocket;
  /** Where the launcher's own socket is, as {@link agentsOf} takes it. */
  readonly socketSource: () => Promise<string>;
  /** Of agents and sidecars: the directory with the agent's socket, and the socket. */
  readonly runDirectory: string;
  readonly sidecarSocket: string;
  readonly log: Log;
}

/** The events that the agent takes note of; others tell what is executed in containers. */
const EVENT_FILTERS = JSON.stringify({
  type: ["container", "network", "service"],
  event: [
    ...["create", "start", "die", "kill", "pause", "unpause", "update", "rename", "destroy"],
    ...["health_status", "connect", "disconnect", "remove"],
  ],
});

export class Launcher {
  readonly #parts: LauncherParts;
  readonly #held = new HeldContainers();
  #agents: readonly Agent[] = [];

  constructor(parts: LauncherParts) {
    this.#parts = parts;
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    response.once("close", () => gone.abort(new Error("the agent has gone")));
    try {
      refuseAmbiguity(request);
      const body = await readBody(request);
      const call = readCall(request.method ?? "", request.url ?? "");
      if (call === undefined) throw new Refusal("expected a call of the table in docs/security.md");
      await this.#pass(call, body, response, gone.signal);
    } catch (error) {
      this.#refuse(request, response, error);
    }
  }

  async #pass(
    call: Call,
    body: Buffer,
    response: ServerResponse,
    signal: AbortSignal,
  ): Promise<void> {
    await this.#authorize(call);
    const query = call.name === "events" ? new Map([["filters", EVENT_FILTERS]]) : call.query;
    const created = call.name === "create" ? { body: await this.#creation(call, body) } : {};
    const target = writeTarget({ path: call.path, query });
    const { engine } = this.#parts;
    const answer = await engine.send({ method: call.method, target, ...created }, signal);
    await this.#answerWith(call, answer, response);
  }

  async #authorize({ subject, containerId }: Call): Promise<void> {
    if (subject === "none" || subject === "concerned") return;
    if (subject === "held" && this.#held.has(containerId)) return;
    const container = await summaryOf(this.#parts.engine, containerId);
    if (container === undefined) throw new Refusal(`No such container: ${containerId}`, 404);
    const objection = objectionTo(subject, container);
    if (objection !== undefined) throw new Refusal(`${containerId}: ${objection}`);
  }

  async #creation({ query }: Call, bytes: Buffer): Promise<object> {
    const body = readJson(bytes);
    const id = targetOf(body);
    const found = await sidecarTarget(this.#parts.engine, id);
    if (found === undefined) throw new Refusal(`No such container: ${id}`, 404);
    if (!isConcerned(found.labels))
      throw new Refusal(`${id}: expected a container with labels of the mesh`);
    const own = await this.#agentOf(body);
    const parts = { own, socket: this.#parts.sidecarSocket, target: found.target };
    return fitCreation(query.get("name") ?? "", body, parts);
  }

  /** The agent whose image is asked for, or any: what the template says is compared with that. */
  async #agentOf(body: unknown): Promise<Agent> {
    const { Image: image } = body as { readonly Image?: unknown };
    const known = this.#agents.find((agent) => agent.image === image);
    if (known !== undefined) return known;
    const { engine, socketSource, runDirectory } = this.#parts;
    this.#agents = await agentsOf(engine, await socketSource(), runDirectory);
    const agent = this.#agents.find((each) => each.image === image) ?? this.#agents[0];
    if (agent === undefined) throw new Refusal("expected an agent that mounts this socket to run");
    return agent;
  }

  async #answerWith(call: Call, answer: IncomingMessage, response: ServerResponse): Promise<void> {
    const status = answer.statusCode ?? 502;
    const isGood = status >= 200 && status < 300;
    if (isGood && (call.name === "events" || call.name === "logs"))
      return await this.#stream(call, answer, response);
    if (status === 204 || status === 304) {
      answer.resume();
      return void response.writeHead(status).end();
    }
    const body: unknown = await json(answer);
    if (!isGood) return send(response, status, { message: reasonIn(body) });
    if (call.name === "list")
      this.#held.noteListed(body as Parameters<HeldContainers["noteListed"]>[0]);
    const told = answerOf(call.name, body);
    if (told === undefined) throw new Refusal(`No such container: ${call.containerId}`, 404);
    send(response, status, told);
  }

  /** Byte by byte, as it comes. */
  async #stream({ name }: Call, answer: IncomingMessage, response: ServerResponse): Promise<void> {
    response.writeHead(200, { "content-type": "application/octet-stream" });
    // The events' reader waits for the head, which would wait for the first event.
    response.flushHeaders();
    if (name === "logs") return await pipeline(answer, response);
    await pipeline(answer, (source) => this.#held.noteEvents(source), response);
  }

  #refuse(request: IncomingMessage, response: ServerResponse, error: unknown): void {
    const message = `the launcher refused it: ${describeError(error)}`;
    if (error instanceof Refusal && error.status !== 404)
      this.#parts.log.warn("refused", { method: request.method, path: pathOf(request), message });
    if (response.headersSent || response.destroyed) return void response.destroy();
    const status = error instanceof Refusal ? error.status : 502;
    // Who is not understood is not listened to any longer.
    const isOver = !request.complete || status === 400;
    if (isOver) response.setHeader("connection", "close");
    send(response, status, { message });
    if (isOver) response.once("finish", () => request.destroy());
  }
}

function pathOf({ url = "" }: IncomingMessage): string {
  return url.split("?", 1)[0]?.slice(0, 200) ?? "";
}

function reasonIn(body: unknown): string {
  const { message } = body as { readonly message?: unknown };
  return typeof message === "string" ? message : "no reason given";
}

function readJson(bytes: Buffer): unknown {
  try {
    const body: unknown = JSON.parse(bytes.toString("utf8"));
    if (typeof body === "object" && body !== null) return body;
  } catch {
    // Said below.
  }
  throw new Refusal("expected a body in JSON", 400);
}

function send(response: ServerResponse, status: number, body: unknown): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(status, {
    ...{ "content-type": "application/json", "content-length": bytes.length },
  });
  response.end(bytes);
}
