// One connection over which requests are made one after another.
import { once } from "node:events";
import { Agent, get, type IncomingMessage } from "node:http";

export class KeptConnection implements Disposable {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #port: number;

  constructor(port: number) {
    this.#port = port;
  }

  /** The response, read to its end. */
  async ask(path: string): Promise<IncomingMessage> {
    const response = await this.open(path);
    response.resume();
    await once(response, "end");
    return response;
  }

  /** The response with its body still to come. */
  async open(path: string): Promise<IncomingMessage> {
    const request = get({ host: "127.0.0.1", port: this.#port, path, agent: this.#agent });
    const [response] = (await once(request, "response")) as [IncomingMessage];
    return response;
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}
