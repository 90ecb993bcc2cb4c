// Somebody in Consul's place who notes what arrives: for what a real one does not show.
import { once } from "node:events";
import {
  createServer,
  type IncomingHttpHeaders,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { text } from "node:stream/consumers";

export interface Arrived {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export class ConsulBackend implements AsyncDisposable {
  readonly arrived: Arrived[] = [];
  /** Answers that are held back. */
  readonly held: ServerResponse[] = [];
  readonly upgraded: Socket[] = [];
  /** Answers of which the client went away before. */
  aborted = 0;
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      void this.#answer(request, response);
    });
    this.#server.on("upgrade", (request, socket: Socket) => {
      const { method = "", url = "", headers } = request;
      this.arrived.push({ method, url, headers, body: "" });
      if (url.includes("silent")) {
        this.upgraded.push(socket.resume().once("end", () => socket.destroy()));
        return;
      }
      if (url.includes("declined")) {
        socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nSet-Cookie: a=b\r\n\r\nno");
        return;
      }
      this.upgraded.push(socket);
      socket.on("error", () => undefined);
      socket.write(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
      );
      socket.pipe(socket);
    });
  }

  static async start(): Promise<ConsulBackend> {
    const backend = new ConsulBackend();
    backend.#server.listen(0, "127.0.0.1");
    await once(backend.#server, "listening");
    return backend;
  }

  get address(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get last(): Arrived | undefined {
    return this.arrived.at(-1);
  }

  async #answer(request: Parameters<Server["emit"]>[1], response: ServerResponse): Promise<void> {
    const { method = "", url = "", headers } = request;
    this.arrived.push({ method, url, headers, body: await text(request) });
    response.once("close", () => {
      if (!response.writableFinished) this.aborted += 1;
    });
    response.setHeader("set-cookie", ["mesh-session-80=stolen; Path=/", "a=b"]);
    response.setHeader("access-control-allow-origin", "*");
    response.setHeader("content-security-policy", "default-src *");
    response.setHeader("x-consul-index", "7");
    if (url.includes("wait=")) this.held.push(response);
    else response.end("{}");
    if (url.includes("wait=")) response.flushHeaders();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    for (const socket of this.upgraded) socket.destroy();
    await once(this.#server, "close");
  }
}
