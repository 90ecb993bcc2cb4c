// The launcher's own calls to the engine, over its socket. Node's client alone: the launcher is small, and loads no package.
import { Agent, type IncomingMessage, request } from "node:http";
import { json } from "node:stream/consumers";
import { MeshError } from "../../mesh/errors.ts";

export interface EngineRequest {
  readonly method: string;
  readonly target: string;
  /** Sent as JSON. */
  readonly body?: object;
}

/** For what the launcher asks on its own account, ms. */
const QUESTION_LIMIT = 20_000;

export class EngineSocket {
  readonly #path: string;
  readonly #agent = new Agent({ keepAlive: true });

  constructor(path: string) {
    this.#path = path;
  }

  /** The engine's answer, whatever its status. Throws ENGINE_UNAVAILABLE. */
  async send(
    { method, target, body }: EngineRequest,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    const bytes = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const type = bytes === undefined ? {} : { "content-type": "application/json" };
    const answered = Promise.withResolvers<IncomingMessage>();
    const asked = request({
      ...{ socketPath: this.#path, agent: this.#agent, method, path: target, signal },
      headers: { host: "docker", "content-length": bytes?.length ?? 0, ...type },
    });
    asked.once("response", answered.resolve);
    asked.once("error", answered.reject);
    asked.end(bytes);
    try {
      return await answered.promise;
    } catch (cause) {
      const message = `expected the Docker Engine to answer at ${this.#path}`;
      throw new MeshError("ENGINE_UNAVAILABLE", message, { cause });
    }
  }

  /** What the engine tells in JSON; undefined where it has no such thing. Throws ENGINE_UNAVAILABLE and ENGINE_REFUSED. */
  async ask(target: string): Promise<unknown> {
    const answer = await this.send({ method: "GET", target }, AbortSignal.timeout(QUESTION_LIMIT));
    const body: unknown = await json(answer);
    if (answer.statusCode === 404) return undefined;
    if (answer.statusCode === 200) return body;
    const message = `the Docker Engine could not answer ${target} (${JSON.stringify(body)})`;
    throw new MeshError("ENGINE_REFUSED", message);
  }

  close(): void {
    this.#agent.destroy();
  }
}
