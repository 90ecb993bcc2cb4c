// From outside to the application, top to bottom as it happens: who calls → which port of the application → which protocol
// → 127.0.0.1. Over mutual TLS the caller has a name; redirected plaintext has none.
import type { TLSSocket } from "node:tls";
import { accept } from "./accept.ts";
import type { Caller } from "./authorize/caller.ts";
import type { DataPlane } from "./data-plane.ts";
import { countCaller, InboundRequests } from "./inbound-requests.ts";
import { InboundStream } from "./inbound-streams.ts";
import { LINK_PROTOCOL } from "./link/protocol.ts";
import { TCP_PROTOCOL } from "./tcp/protocol.ts";
import type { Connection } from "./transport/connection.ts";
import { dialTcp } from "./transport/dial.ts";
import { readCallerUri } from "./transport/peer-identity.ts";

/** Takes a connection whose certificate chain was verified; refuses it unless it names a service of our trust domain. */
export function acceptTls(
  plane: DataPlane,
  connection: Connection,
  socket: TLSSocket,
  port: number,
): void {
  const trustDomain = plane.configuration()?.identity.trustDomain;
  const uri = trustDomain === undefined ? undefined : identify(plane, socket, trustDomain);
  if (uri === undefined) connection.reset();
  else forward(plane, connection, port, { kind: "authenticated", uri });
}

/** The caller's SPIFFE id; undefined, and counted, when it has none that we accept. */
function identify(
  { refusals }: DataPlane,
  socket: TLSSocket,
  trustDomain: string,
): string | undefined {
  try {
    return readCallerUri(socket, trustDomain);
  } catch (error) {
    refusals.note(socket.remoteAddress ?? "unknown", error);
    return undefined;
  }
}

/** Takes a connection from outside the mesh. */
export function acceptPlaintext(plane: DataPlane, connection: Connection, port: number): void {
  const address = connection.socket.remoteAddress ?? "unknown";
  forward(plane, connection, port, { kind: "anonymous", address });
}

function forward(plane: DataPlane, connection: Connection, port: number, caller: Caller): void {
  const configuration = plane.configuration();
  const route = configuration?.inbound.routes.get(port);
  if (configuration === undefined || route === undefined) {
    connection.reset();
    return;
  }
  const { engine } = plane;
  const { protocol, applicationPort } = route.port;
  const requests = (): InboundRequests => new InboundRequests(plane, configuration, route, caller);
  const dial = (signal: AbortSignal): Promise<Connection> =>
    dialTcp("127.0.0.1", applicationPort, signal);
  const open = (): InboundStream => new InboundStream(plane, configuration, caller, connection);
  const carry = (): void => void carryStream(open(), dial);
  // Only authenticated peers can have agreed on these: ALPN is part of the TLS handshake.
  if (connection.protocol === LINK_PROTOCOL && protocol !== "tcp") {
    engine.serveLink(connection, requests());
  } else if (connection.protocol === TCP_PROTOCOL && (protocol === "tcp" || protocol === "auto")) {
    carry();
  } else if (connection.protocol === LINK_PROTOCOL || connection.protocol === TCP_PROTOCOL) {
    // The caller believes in another protocol than this port has: requests must not pass as opaque bytes.
    connection.reset();
  } else {
    /** Of a caller that waits to be spoken to. */
    let held: InboundStream | undefined;
    const ways = {
      http1: () => engine.serve(connection, requests()),
      http2: () => engine.serveHttp2(connection, requests()),
      tcp: carry,
      hold: () => {
        held = open();
        return held;
      },
      dialTcp: (signal: AbortSignal) => (held ?? open()).dial(dial, signal),
      countStream: (reached: boolean) => {
        if (reached) held?.joined();
        else countCaller(plane, caller);
      },
    };
    accept(connection, protocol, ways, engine.deadlines);
  }
}

/** Never rejects. */
async function carryStream(
  stream: InboundStream,
  dial: (signal: AbortSignal) => Promise<Connection>,
): Promise<void> {
  using open = stream;
  await open.carry(dial);
}
