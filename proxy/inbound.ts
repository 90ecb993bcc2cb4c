// From outside to the application, top to bottom as it happens: who calls → which port of the application → http or tcp
// → 127.0.0.1. Over mutual TLS the caller has a name; redirected plaintext has none.
import type { TLSSocket } from "node:tls";
import type { InboundRoute } from "./configuration/configuration.ts";
import type { DataPlane } from "./data-plane.ts";
import { endToEndFields, fieldValues, keepFields, withoutMeshFields } from "./http/fields.ts";
import type { Exchange, RequestHead } from "./http/forwarder.ts";
import { tunnel } from "./tcp/tunnel.ts";
import type { Connection } from "./transport/connection.ts";
import { readCallerUri } from "./transport/peer-identity.ts";

/** Who called: a SPIFFE id, or just an address. */
type Caller =
  | { readonly kind: "authenticated"; readonly uri: string }
  | { readonly kind: "anonymous"; readonly address: string };

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
  const route = plane.configuration()?.inbound.get(port);
  if (route === undefined) {
    connection.reset();
  } else if (route.port.protocol !== "tcp") {
    plane.forwarder.serve(connection, (head) => beginRequest(plane, route, caller, head));
  } else {
    void carry(plane, route, caller, connection);
  }
}

function beginRequest(
  plane: DataPlane,
  route: InboundRoute,
  caller: Caller,
  head: RequestHead,
): Exchange {
  const { drain } = plane;
  const configuration = plane.configuration();
  const held = drain.hold();
  count(plane, caller);
  return {
    service: configuration?.snapshot.service ?? "this service",
    fields: applicationFields(head, caller, configuration?.identity.uri ?? ""),
    destinations: [route.application],
    unreachable: "APPLICATION_UNREACHABLE",
    trustsFailures: false,
    closing: () => drain.draining || plane.configuration()?.snapshot.draining === true,
    failed: () => undefined,
    [Symbol.dispose]: () => held[Symbol.dispose](),
  };
}

/** What the application learns of its caller, in fields that no caller can have set itself. */
function applicationFields(head: RequestHead, caller: Caller, own: string): string[] {
  const fields = withoutMeshFields(endToEndFields(head.fields));
  if (caller.kind === "authenticated") {
    return [...fields, "x-forwarded-client-cert", `By=${own};URI=${caller.uri}`];
  }
  const earlier = fieldValues(fields, "x-forwarded-for");
  return [
    ...keepFields(fields, (name) => name !== "x-forwarded-for"),
    ...["x-forwarded-for", [...earlier, caller.address].join(", ")],
  ];
}

/** A byte stream to the application. Never rejects. */
async function carry(
  plane: DataPlane,
  { application }: InboundRoute,
  caller: Caller,
  near: Connection,
): Promise<void> {
  using _held = plane.drain.hold();
  count(plane, caller);
  try {
    await tunnel(near, await application.dial(plane.signal));
  } catch (error) {
    plane.log.debug("the application does not accept connections", { error: String(error) });
    near.reset();
  }
}

function count({ counters }: DataPlane, caller: Caller): void {
  if (caller.kind === "authenticated") counters.inboundTls += 1;
  else counters.inboundPlaintext += 1;
}
