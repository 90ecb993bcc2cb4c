// Servers of the agent: where they listen, and how they end.
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { MeshError } from "../../mesh/errors.ts";

/** How long answers in flight may take once the signal has aborted, ms. */
const GRACE = 1_000;

export interface Listening {
  /** The port that is listened on; 0 for a socket. */
  readonly port: number;
  /** Resolves when the listener and all its connections are closed. */
  readonly closed: Promise<void>;
}

export interface TcpPlace {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** The setting that says so. */
  readonly variable: string;
}

/**
 * Listens until the signal aborts. Throws PORT_IN_USE when somebody else has the port, CONFIGURATION_INVALID for an address
 * that cannot be listened on.
 */
export async function listenOverTcp(
  server: Server,
  place: TcpPlace,
  signal: AbortSignal,
): Promise<Listening> {
  const listening = untilListening(server);
  server.listen(place.port, place.host);
  try {
    await listening;
  } catch (cause) {
    throw explain(place, cause);
  }
  return { port: (server.address() as AddressInfo).port, closed: closeWith(server, signal) };
}

export async function untilListening(server: Server): Promise<void> {
  const listening = Promise.withResolvers<void>();
  server.once("error", listening.reject);
  server.once("listening", listening.resolve);
  await listening.promise;
  server.off("error", listening.reject);
}

function explain({ host, port, variable }: TcpPlace, cause: unknown): MeshError {
  const inUse = (cause as NodeJS.ErrnoException).code === "EADDRINUSE";
  return inUse
    ? new MeshError(
        "PORT_IN_USE",
        `expected port ${port} on ${host} to be free, found another process listening there: stop it, or set ${variable} to another address`,
        { cause },
      )
    : new MeshError(
        "CONFIGURATION_INVALID",
        `expected ${variable} to be an address of this machine, got ${host}:${port}`,
        { cause },
      );
}

/** Answers in flight are finished, then everything is closed. */
export function closeWith(server: Server, signal: AbortSignal): Promise<void> {
  const closed = Promise.withResolvers<void>();
  let force: NodeJS.Timeout | undefined;
  const close = (): void => {
    server.close();
    force = setTimeout(() => server.closeAllConnections(), GRACE);
  };
  server.once("close", () => {
    clearTimeout(force);
    signal.removeEventListener("abort", close);
    closed.resolve();
  });
  signal.addEventListener("abort", close, { once: true });
  if (signal.aborted) close();
  return closed.promise;
}
