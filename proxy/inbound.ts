// From outside to the application, top to bottom as it happens: who calls → which port of the application → which protocol
// → 127.0.0.1. Over mutual TLS the caller has a name; redirected plaintext has none.
import type { TLSSocket } from "node:tls";
import { accept } from "./accept.ts";
import type { InboundRoute } from "./configuration/inbound-routes.ts";
import type { DataPlane } from "./data-plane.ts";
import type { FailureCode } from "./failures.ts";
import type { RequestPlan } from "./http/plan.ts";
import type { RequestHandler } from "./http/streams.ts";
import type { MessageHead } from "./http1/message-head.ts";
import { LINK_PROTOCOL } from "./link/protocol.ts";
import { UNLIMITED } from "./resilience/unlimited.ts";
import { TCP_PROTOCOL } from "./tcp/protocol.ts";
import { tunnel } from "./tcp/tunnel.ts";
import type { Connection } from "./transport/connection.ts";
import { dialTcp } from "./transport/dial.ts";
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
  const route = plane.configuration()?.inbound.routes.get(port);
  if (route === undefined) {
    connection.reset();
    return;
  }
  const { engine } = plane;
  const handler = new InboundRequests(plane, route, caller);
  const dial = (signal: AbortSignal): Promise<Connection> =>
    dialTcp("127.0.0.1", route.port.applicationPort, signal);
  const carry = (): void => void carryStream(plane, caller, connection, dial);
  const { protocol } = route.port;
  // Only authenticated peers can have agreed on these: ALPN is part of the TLS handshake.
  if (connection.protocol === LINK_PROTOCOL && protocol !== "tcp") {
    engine.serveLink(connection, handler);
  } else if (connection.protocol === TCP_PROTOCOL && (protocol === "tcp" || protocol === "auto")) {
    carry();
  } else if (connection.protocol === LINK_PROTOCOL || connection.protocol === TCP_PROTOCOL) {
    // The caller believes in another protocol than this port has: requests must not pass as opaque bytes.
    connection.reset();
  } else {
    const ways = {
      http1: () => engine.serve(connection, handler),
      http2: () => engine.serveHttp2(connection, handler),
      tcp: carry,
      dialTcp: dial,
      hold: () => plane.drain.hold(),
      countStream: () => count(plane, caller),
    };
    accept(connection, protocol, ways, engine.deadlines);
  }
}

const NOTHING = Buffer.alloc(0);

/** The requests of one caller's connection. */
class InboundRequests implements RequestHandler {
  readonly #plane: DataPlane;
  readonly #route: InboundRoute;
  readonly #caller: Caller;
  readonly #forwardedFor: Buffer | undefined;
  #added: Buffer = NOTHING;
  #addedFor = "";

  constructor(plane: DataPlane, route: InboundRoute, caller: Caller) {
    this.#plane = plane;
    this.#route = route;
    this.#caller = caller;
    this.#forwardedFor = caller.kind === "anonymous" ? Buffer.from(caller.address) : undefined;
  }

  get closing(): boolean {
    const { drain, configuration } = this.#plane;
    return drain.draining || configuration()?.snapshot.draining === true;
  }

  plan(_head: MessageHead, http2: boolean): RequestPlan {
    const { configuration, drain } = this.#plane;
    const route = this.#route;
    drain.enter();
    count(this.#plane, this.#caller);
    return {
      service: configuration()?.snapshot.service ?? "this service",
      targets: http2 ? route.http2Application : route.http1Application,
      key: 0,
      conduct: UNLIMITED,
      host: route.host,
      added: this.#whoCalls(),
      forwardedFor: this.#forwardedFor,
      before: undefined,
      edits: undefined,
      mirror: undefined,
    };
  }

  review(): undefined {}

  finished(_status: number, milliseconds: number, failure: FailureCode | undefined): void {
    const { counters, drain } = this.#plane;
    drain.leave();
    counters.inboundTimes.record(milliseconds);
    if (failure !== undefined) counters.countFailure(failure);
  }

  /** What the application learns of its caller, in a field that no caller can have set itself. */
  #whoCalls(): Buffer {
    if (this.#caller.kind === "anonymous") return NOTHING;
    const own = this.#plane.configuration()?.identity.uri ?? "";
    if (own !== this.#addedFor) {
      this.#addedFor = own;
      this.#added = Buffer.from(`x-forwarded-client-cert: By=${own};URI=${this.#caller.uri}\r\n`);
    }
    return this.#added;
  }
}

/** A byte stream to the application. Never rejects. */
async function carryStream(
  plane: DataPlane,
  caller: Caller,
  near: Connection,
  dial: (signal: AbortSignal) => Promise<Connection>,
): Promise<void> {
  using _held = plane.drain.hold();
  count(plane, caller);
  try {
    await tunnel(near, await dial(plane.signal));
  } catch (error) {
    plane.log.debug("the application does not accept connections", { error: String(error) });
    near.reset();
  }
}

function count({ counters }: DataPlane, caller: Caller): void {
  if (caller.kind === "authenticated") counters.inboundTls += 1;
  else counters.inboundPlaintext += 1;
}
