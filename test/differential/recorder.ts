// An origin that answers every request with an empty 200 and remembers what came.

import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { type Message, readRequests } from "../helpers/http1-messages.ts";

const ANSWER = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

export class Recorder {
  readonly #server: Server;
  #messages: Message[] = [];

  private constructor(server: Server) {
    this.#server = server;
    server.on("connection", (socket) => this.#accept(socket));
  }

  static async start(): Promise<Recorder> {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new Recorder(server);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Complete requests since the last call. What could not be read as one counts as a request that nobody sent. */
  take(): readonly Message[] {
    const taken = this.#messages;
    this.#messages = [];
    return taken;
  }

  close(): void {
    this.#server.close();
  }

  #accept(socket: Socket): void {
    let pending = Buffer.alloc(0);
    socket.unref();
    socket.on("error", () => socket.destroy());
    socket.on("data", (bytes) => {
      pending = Buffer.concat([pending, bytes]);
      try {
        const { messages, rest } = readRequests(pending);
        pending = Buffer.from(rest, "latin1");
        this.#messages.push(...messages);
        for (const _ of messages) socket.write(ANSWER);
      } catch (fault) {
        const line = `(${fault instanceof Error ? fault.message : fault})`;
        this.#messages.push({ line, fields: [], body: "", trailers: [] });
        socket.destroy();
      }
    });
  }
}
