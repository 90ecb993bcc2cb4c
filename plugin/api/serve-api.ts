// Where the API is offered: on a unix socket that only root may use, and over TCP only with TLS and a bearer token.
import { createHash, timingSafeEqual } from "node:crypto";
import { createServer as createHttpServer, type RequestListener, type Server } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { MeshError } from "../../mesh/errors.ts";
import { answerCode } from "./error-status.ts";
import { closeWith, type Listening, listenOverTcp } from "./listening.ts";
import { listenAtSocket } from "./socket-listen.ts";

export interface ApiTcpListen {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** PEM, leaf first, and its key. */
  readonly certificate: string;
  readonly privateKey: string;
  /** What every request must bear. */
  readonly token: string;
}

/**
 * Listens on a unix socket until the signal aborts; then answers in flight are finished and everything is closed. The
 * socket of a predecessor that was killed is replaced. Throws CONFIGURATION_INVALID where none can be made.
 */
export async function serveApiOnSocket(
  app: RequestListener,
  path: string,
  signal: AbortSignal,
): Promise<Listening> {
  signal.throwIfAborted();
  const server = createHttpServer(app);
  await listenAtSocket(server, path, `the API's socket at ${path} (MESH_API_SOCKET)`);
  return { port: 0, closed: closeWith(server, signal) };
}

/**
 * Listens over TLS 1.2 or later until the signal aborts. Throws PORT_IN_USE when somebody else has the port,
 * CONFIGURATION_INVALID for an address that cannot be listened on and for a certificate that cannot be used.
 */
export async function serveApiOverTcp(
  app: RequestListener,
  listen: ApiTcpListen,
  signal: AbortSignal,
): Promise<Listening> {
  signal.throwIfAborted();
  const server = createTlsServer(listen, requireToken(listen.token, app));
  return await listenOverTcp(server, { ...listen, variable: "MESH_API_LISTEN" }, signal);
}

function createTlsServer({ certificate, privateKey }: ApiTcpListen, app: RequestListener): Server {
  try {
    return createHttpsServer({ cert: certificate, key: privateKey, minVersion: "TLSv1.2" }, app);
  } catch (cause) {
    const message =
      "expected MESH_API_TLS_CERT and MESH_API_TLS_KEY to hold a certificate in PEM and the key it was made for";
    throw new MeshError("CONFIGURATION_INVALID", message, { cause });
  }
}

/** Refuses every request without the token; how long that takes says nothing about how much of it was right. */
function requireToken(token: string, app: RequestListener): RequestListener {
  const expected = digest(token);
  return (request, response) => {
    const [, offered = ""] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? "") ?? [];
    if (timingSafeEqual(digest(offered), expected)) return app(request, response);
    const { status, body } = answerCode(
      "UNAUTHORIZED",
      "expected the token of the agent's API as `Authorization: Bearer <token>`",
    );
    response.writeHead(status, {
      ...{ "content-type": "application/json; charset=utf-8", "cache-control": "no-store" },
      ...{ "www-authenticate": "Bearer", connection: "close" },
    });
    response.end(JSON.stringify(body));
  };
}

function digest(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
