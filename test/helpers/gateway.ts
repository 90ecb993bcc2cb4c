// A gateway under test: the real compose/gateway.yaml as a project of its own, and clients from outside the mesh.
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { connect as connectHttp2, constants } from "node:http2";
import { request as requestTls } from "node:https";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { compose, docker, provided } from "./docker.ts";
import { type Answer, readAnswer } from "./http-call.ts";

const FILE = fileURLToPath(new URL("../../compose/gateway.yaml", import.meta.url));
const PROJECT = "mesh-test-gateway";

export const HTTP_PORT = 18_080;
export const HTTPS_PORT = 18_443;

export class TestGateway implements AsyncDisposable {
  readonly #environment: Readonly<Record<string, string>>;

  private constructor(network: string) {
    this.#environment = {
      MESH_IMAGE: provided("MESH_IMAGE"),
      MESH_GATEWAY_NETWORK: network,
      MESH_GATEWAY_HTTP_PORT: String(HTTP_PORT),
      MESH_GATEWAY_HTTPS_PORT: String(HTTPS_PORT),
    };
  }

  static async start(network: string): Promise<TestGateway> {
    const gateway = new TestGateway(network);
    await gateway.#compose("up", "-d");
    return gateway;
  }

  /** Its address on a network. */
  async addressOn(network: string): Promise<string> {
    const id = await this.#compose("ps", "-q", "gateway");
    const format = `{{(index .NetworkSettings.Networks "${network}").IPAddress}}`;
    return await docker("inspect", "--format", format, id);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#compose("down", "--timeout", "2");
  }

  async #compose(...args: string[]): Promise<string> {
    return await compose(this.#environment, "-p", PROJECT, "-f", FILE, ...args);
  }
}

export interface ClientCall {
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const SHARED = { host: "127.0.0.1", agent: false, timeout: 5_000 } as const;

/** In plain HTTP. */
export async function callHttp(
  host: string,
  { path = "/", headers = {} }: ClientCall = {},
): Promise<Answer> {
  const outgoing = request({ ...SHARED, port: HTTP_PORT, path, headers: { host, ...headers } });
  outgoing.end();
  const [response] = (await once(outgoing, "response")) as [IncomingMessage];
  return await readAnswer(response);
}

/** In HTTP/1.1 over TLS; `ca` is what the client trusts. Rejects when the certificate is not one for the host. */
export async function callHttps(host: string, ca: string, path = "/"): Promise<Answer> {
  const outgoing = requestTls({
    ...{ ...SHARED, port: HTTPS_PORT, path, ca, servername: host },
    headers: { host },
  });
  outgoing.end();
  const [response] = (await once(outgoing, "response")) as [IncomingMessage];
  return await readAnswer(response);
}

/** In HTTP/2 over TLS. */
export async function callHttp2(
  host: string,
  ca: string,
): Promise<{ readonly status: number; readonly body: string; readonly protocol: string }> {
  const session = connectHttp2(`https://${host}:${HTTPS_PORT}`, {
    ...{ ca, servername: host, host: "127.0.0.1" },
    lookup: (_name, _options, done) => done(null, [{ address: "127.0.0.1", family: 4 }]),
  });
  try {
    await once(session, "connect");
    const stream = session.request({ ":path": "/", ":authority": host });
    const [fields] = (await once(stream, "response")) as [Record<string, unknown>];
    const status = Number(fields[constants.HTTP2_HEADER_STATUS]);
    return { status, body: await text(stream), protocol: session.alpnProtocol ?? "" };
  } finally {
    session.destroy();
  }
}

/** Changes to another protocol, says something in it and gives what came back. */
export async function upgrade(host: string, said: string): Promise<string> {
  const headers = { host, connection: "upgrade", upgrade: "websocket" };
  const outgoing = request({ ...SHARED, port: HTTP_PORT, headers });
  outgoing.end();
  const [, socket] = await once(outgoing, "upgrade");
  socket.write(said);
  const [answer] = await once(socket, "data");
  socket.destroy();
  return String(answer);
}
