// Both ends of connections over loopback: the client's, and the accepted one as the data plane takes it; applications, too.
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { connect as connectTls, createServer as createTlsServer, type TLSSocket } from "node:tls";
import { type Connection, plainConnection } from "../../proxy/transport/connection.ts";
import { TestAuthority } from "./certificates.ts";

export interface Ends {
  readonly client: Socket;
  readonly near: Connection;
}

export class Loopback implements Disposable {
  readonly #server: Server = createServer({ allowHalfOpen: true, noDelay: true });
  readonly #closing = new DisposableStack();

  constructor() {
    this.#closing.defer(() => void this.#server.close());
  }

  async open(): Promise<void> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
  }

  async connect(): Promise<Ends> {
    const accepted = once(this.#server, "connection") as Promise<[Socket]>;
    const { port } = this.#server.address() as AddressInfo;
    const client = connect({ ...{ port, host: "127.0.0.1" }, allowHalfOpen: true, noDelay: true });
    const [near] = await accepted;
    return this.#keep(client, near);
  }

  /** The same with TLS on both ends. */
  async connectTls(): Promise<Ends> {
    const authority = await TestAuthority.create();
    const leaf = await authority.issue([{ type: 2, value: "callee" }]);
    const server = createTlsServer({
      ...{ cert: leaf.certificate, key: leaf.privateKey, allowHalfOpen: true },
    }).listen(0, "127.0.0.1");
    this.#closing.defer(() => void server.close());
    await once(server, "listening");
    const accepted = once(server, "secureConnection") as Promise<[TLSSocket]>;
    const { port } = server.address() as AddressInfo;
    const client = connectTls({
      ...{ port, host: "127.0.0.1", servername: "callee", ca: authority.root, allowHalfOpen: true },
    });
    const [near] = await accepted;
    return this.#keep(client, near);
  }

  /** An application that may keep its side open; returns its port. */
  async listen(accept: (socket: Socket) => void): Promise<number> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      socket.on("error", () => undefined);
      this.#closing.defer(() => void socket.destroy());
      accept(socket);
    }).listen(0, "127.0.0.1");
    this.#closing.defer(() => void server.close());
    await once(server, "listening");
    return (server.address() as AddressInfo).port;
  }

  #keep(client: Socket, near: Socket): Ends {
    for (const socket of [client, near]) {
      socket.on("error", () => undefined);
      this.#closing.defer(() => void socket.destroy());
    }
    return { client, near: plainConnection(near) };
  }

  [Symbol.dispose](): void {
    this.#closing.dispose();
  }
}
