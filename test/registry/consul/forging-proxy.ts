// A real HTTP proxy before a real Consul that can lie, cut answers short, and fall silent in the middle of one.
import { once } from "node:events";
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";

export interface ForgedAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** `cut` ends the connection after half of the body, `hang` sends no more and keeps it open. */
  readonly ending?: "cut" | "hang";
}

/** What to answer instead of the truth; undefined for the truth. */
export type Forgery = (
  path: string,
  truth: { readonly headers: IncomingHttpHeaders; readonly body: string },
) => ForgedAnswer | undefined;

/** Disposing ends it with all its connections. */
export class ForgingProxy implements AsyncDisposable {
  /** Answers to come are made with it; those on their way too. */
  forge: Forgery = () => undefined;
  /** Paths with query, in the order of their arrival. */
  readonly requests: string[] = [];
  readonly #target: string;
  readonly #server = createServer((incoming, outgoing) => this.#pass(incoming, outgoing));

  private constructor(target: string) {
    this.#target = target;
  }

  static async start(target: string): Promise<ForgingProxy> {
    const proxy = new ForgingProxy(target);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get address(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await this.#server[Symbol.asyncDispose]();
  }

  #pass(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const path = incoming.url ?? "/";
    this.requests.push(path);
    const { method } = incoming;
    // Whoever changes a text must not get it compressed.
    const headers = { ...incoming.headers, "accept-encoding": "identity" };
    const onward = request(new URL(path, this.#target), { method, headers }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("end", () => this.#answer(path, answer, Buffer.concat(chunks), outgoing));
    });
    onward.on("error", () => outgoing.destroy());
    outgoing.on("close", () => onward.destroy());
    incoming.pipe(onward);
  }

  #answer(path: string, truth: IncomingMessage, body: Buffer, outgoing: ServerResponse): void {
    const forged = this.forge(path, { headers: truth.headers, body: body.toString() });
    // Consul says its errors in plain text.
    const kind = forged?.status === undefined ? {} : { "content-type": "text/plain" };
    const {
      "content-length": _length,
      "transfer-encoding": _coding,
      ...headers
    } = { ...truth.headers, ...kind, ...forged?.headers };
    const text = forged?.body ?? body.toString();
    outgoing.writeHead(forged?.status ?? truth.statusCode ?? 502, {
      ...headers,
      "content-length": Buffer.byteLength(text),
    });
    if (forged?.ending === undefined) {
      outgoing.end(text);
      return;
    }
    outgoing.write(text.slice(0, text.length / 2), () => {
      if (forged.ending === "cut") outgoing.destroy();
    });
  }
}
