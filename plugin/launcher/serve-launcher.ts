// Where the launcher listens: at a unix socket in a volume that the agent mounts, and nowhere else.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { closeWith } from "../api/listening.ts";
import { listenAtSocket } from "../api/socket-listen.ts";
import type { Launcher } from "./launcher.ts";

/** For all of a request to arrive, ms; what is slower has no good reason. */
const REQUEST_TIMEOUT = 10_000;
const MOST_CONNECTIONS = 1_024;
/** Bytes; the longest target is that of a question about the tasks of many nodes. */
const LARGEST_HEAD = 64 * 1_024;

export function createLauncherServer(launcher: Pick<Launcher, "answer">): Server {
  const listener = (request: IncomingMessage, response: ServerResponse): void =>
    void launcher.answer(request, response);
  const server = createServer(
    {
      ...{ requestTimeout: REQUEST_TIMEOUT, headersTimeout: REQUEST_TIMEOUT },
      ...{ connectionsCheckingInterval: 1_000, maxHeaderSize: LARGEST_HEAD },
      ...{ insecureHTTPParser: false, requireHostHeader: true },
      // An agent that uses a connection again must not find it just closed.
      keepAliveTimeout: 0,
    },
    listener,
  );
  // Without these Node would ask for the body before anybody has looked at the head.
  server.on("checkContinue", listener);
  server.on("checkExpectation", listener);
  server.maxConnections = MOST_CONNECTIONS;
  return server;
}

/** Listens until the signal aborts; resolves when all is closed. Throws CONFIGURATION_INVALID where no socket can be made. */
export async function serveLauncher(
  server: Server,
  path: string,
  signal: AbortSignal,
): Promise<{ readonly closed: Promise<void> }> {
  await listenAtSocket(server, path, `the launcher's socket at ${path}`);
  return { closed: closeWith(server, signal) };
}
