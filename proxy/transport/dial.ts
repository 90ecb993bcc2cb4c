// Opening connections: TCP to the own application, mutual TLS to another sidecar.
// A dial that fails has sent nothing of the request, so the caller may always go on to the next endpoint.
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { MeshError } from "../../mesh/errors.ts";
import type { Endpoint } from "../configuration/snapshot.ts";
import { type Connection, plainConnection, tlsConnection } from "./connection.ts";
import { PEER_PURPOSE, refuseChain } from "./peer-chain.ts";
import { refuseCallee } from "./peer-identity.ts";
import type { TlsIdentity } from "./tls.ts";

/** Milliseconds until a TCP connection to the own application, or to one that is only looked for, must stand. */
export const CONNECT_TIMEOUT = 1_000;
/** A handshake waits for two processes to have time, a TCP connection only for kernels. */
const HANDSHAKE_FACTOR = 2;
/** For every connection over a network: a peer whose machine is gone is noticed, after this many silent milliseconds and some. */
export const KEEP_ALIVE = { keepAlive: true, keepAliveInitialDelay: 60_000 } as const;

/** Why no connection came about; nothing was sent. `refused` means that we did not accept the peer's certificate. */
export class DialError extends Error {
  readonly reason: "unreachable" | "handshake" | "refused";

  constructor(reason: DialError["reason"], target: string, cause: unknown) {
    super(`${DIAL_PROBLEMS[reason]} ${target}`, { cause });
    this.name = "DialError";
    this.reason = reason;
  }
}

/** There are as many connections to the service as there may be: none was opened. */
export class OverloadError extends Error {
  constructor() {
    super("there are as many connections to the service as there may be");
    this.name = "OverloadError";
  }
}

const DIAL_PROBLEMS: Readonly<Record<DialError["reason"], string>> = {
  unreachable: "could not connect to",
  handshake: "the TLS handshake failed with",
  refused: "refused the certificate of",
};

/** TCP, half-open allowed. Rejects with a {@link DialError}, or with the signal's reason when it aborts. */
export async function dialTcp(
  address: string,
  port: number,
  signal: AbortSignal,
  timeout: number = CONNECT_TIMEOUT,
): Promise<Connection> {
  const socket = connectTcp({
    ...{ host: address, port, noDelay: true, allowHalfOpen: true },
    ...KEEP_ALIVE,
  });
  try {
    await opened(socket, "connect", timeout, signal);
  } catch (error) {
    socket.destroy();
    signal.throwIfAborted();
    throw new DialError("unreachable", `${address}:${port}`, error);
  }
  return plainConnection(socket);
}

/** Whether anything answers at the address within {@link CONNECT_TIMEOUT}; being refused is an answer of its kernel. */
export async function answersAt(address: string, port: number): Promise<boolean> {
  try {
    const { socket } = await dialTcp(address, port, AbortSignal.timeout(CONNECT_TIMEOUT));
    socket.destroy();
    return true;
  } catch (error) {
    return isRefusal(error);
  }
}

/** Whether a dial failed since nobody listens there: its kernel's own word. Who is only busy does not look like that. */
export function isRefusal(error: unknown): boolean {
  const cause = error instanceof DialError ? error.cause : error;
  return (cause as { readonly code?: string } | undefined)?.code === "ECONNREFUSED";
}

/**
 * Mutual TLS 1.3 to a sidecar that must present exactly `uri`, offering these protocols (ALPN). `timeout`: ms until TCP
 * stands, {@link HANDSHAKE_FACTOR} times of which TLS may then take. Rejects with a {@link DialError}, or with the signal's reason when it aborts. The peer judges our certificate only afterwards (TLS 1.3), so that it may still hang up.
 */
export async function dialSidecar(
  endpoint: Endpoint,
  uri: string,
  identity: TlsIdentity,
  protocols: readonly string[],
  signal: AbortSignal,
  timeout: number,
): Promise<Connection> {
  const transport = await dialTcp(endpoint.address, endpoint.port, signal, timeout);
  const socket = connectTls({
    socket: transport.socket,
    secureContext: identity.context,
    minVersion: "TLSv1.3",
    ALPNProtocols: [...protocols],
    // Node would accept or refuse by its own judgement of the chain; ours comes right after it.
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
  });
  const target = `${uri} at ${endpoint.address}:${endpoint.port}`;
  try {
    await opened(socket, "secureConnect", timeout * HANDSHAKE_FACTOR, signal);
  } catch (error) {
    socket.destroy();
    signal.throwIfAborted();
    throw new DialError("handshake", target, error);
  }
  const refusal = refuseCalleeOf(socket, uri, identity);
  if (refusal !== undefined) {
    socket.destroy();
    throw new DialError("refused", target, refusal);
  }
  return tlsConnection(socket, transport.socket);
}

function refuseCalleeOf(
  socket: TLSSocket,
  uri: string,
  { roots }: TlsIdentity,
): MeshError | undefined {
  // The chain first: on this side Node takes the leaf out of it when that is asked for.
  const refusal = refuseChain(socket, PEER_PURPOSE.server, roots, Date.now());
  if (refusal !== undefined) return refusal;
  const certificate = socket.getPeerX509Certificate();
  if (certificate !== undefined) return refuseCallee(certificate.raw, uri);
  return new MeshError("CERTIFICATE_INVALID", "expected a certificate, found none");
}

async function opened(
  socket: Socket,
  event: "connect" | "secureConnect",
  timeout: number,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onTimeout = (): void => reject(new Error(`no answer within ${timeout} ms`));
  // After a busy time the event loop runs its timers before it hears of connections that came about meanwhile.
  const timer = setTimeout(() => void setImmediate(onTimeout), timeout);
  const onAbort = (): void => reject(signal.reason);
  const onClose = (): void => reject(new Error("the connection was closed"));
  signal.addEventListener("abort", onAbort, { once: true });
  socket.once(event, resolve).on("error", reject).once("close", onClose);
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
    socket.off(event, resolve).off("close", onClose);
    // The error listener stays: until the next owner adds its own, an error must not become an uncaught one.
  }
}
