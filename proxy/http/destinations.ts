// Every destination of a sidecar, each with its connections. They outlive snapshots: what a new one still names keeps its
// connections, the others are let go.

import type { Endpoint } from "../configuration/snapshot.ts";
import { Http2Destination } from "../http2/http2-destination.ts";
import { ClientLink } from "../link/client-link.ts";
import { LINK_PROTOCOL } from "../link/protocol.ts";
import type { Refusals } from "../refusals.ts";
import { TCP_PROTOCOL } from "../tcp/protocol.ts";
import type { Connection } from "../transport/connection.ts";
import type { Deadlines } from "../transport/deadlines.ts";
import { answersAt, DialError, dialSidecar, OverloadError } from "../transport/dial.ts";
import type { Output } from "../transport/output.ts";
import type { TlsIdentity } from "../transport/tls.ts";
import { ApplicationPort } from "./application-port.ts";
import { DialedDestination } from "./dialed-destination.ts";
import type { Destination } from "./streams.ts";

export interface DestinationsOptions {
  readonly output: Output;
  readonly deadlines: Deadlines;
  readonly refusals: Refusals;
  /** A peer broke the protocol of its link. */
  readonly linkViolated: () => void;
  /** The own application takes no connections on this port any more. */
  readonly applicationRefuses: (port: number) => void;
  /** Offered to other sidecars besides HTTP/1.1; off, they are all spoken to in HTTP/1.1, as foreign ones are. */
  readonly links: boolean;
}

/** The rules for connections to one service's endpoints, as they are when one is opened. */
export interface DialRules {
  /** Milliseconds until a connection must stand, TLS included. */
  readonly connectTimeout: number;
  /** Bounds the connections to all endpoints together. Every true is followed by one `leaveConnection`. */
  readonly breaker: { enterConnection(): boolean; leaveConnection(): void };
}

/** HTTP/1.1 is what foreign sidecars expect to be offered; it says nothing about the bytes. */
const STREAMS: readonly string[] = [TCP_PROTOCOL, "http/1.1"];

/** A link that ends is asked whether it takes requests before each one: it need not say so. */
const UNHEARD = { onDraining: () => undefined, onClosed: () => undefined };

export class Destinations {
  readonly #options: DestinationsOptions;
  readonly #known = new Map<string, Destination>();
  /** By number; as few as the application has. */
  readonly #ports = new Map<number, ApplicationPort>();

  constructor(options: DestinationsOptions) {
    this.#options = options;
  }

  /** Another sidecar, which must present `uri`. A new identity of ours means new connections. */
  sidecar(endpoint: Endpoint, uri: string, identity: TlsIdentity, rules: DialRules): Destination {
    const place = `${endpoint.address}:${endpoint.port}`;
    const key = `${identity.generation} ${uri} ${place}`;
    return this.#get(key, () => this.#dialSidecars(key, endpoint, uri, identity, rules));
  }

  /** The own application, spoken to in HTTP/1.1 or HTTP/2. */
  application(number: number, http2: boolean): Destination {
    const key = `application ${number} ${http2 ? "http2" : "http1"}`;
    const port = this.#portOf(number);
    return this.#get(key, () => (http2 ? this.#http2(key, port) : this.#http1(key, port)));
  }

  /** A host outside, spoken to in HTTP/1.1; whoever asked for it lets go of it. */
  outside(key: string, dial: (signal: AbortSignal) => Promise<Connection>): Destination {
    const { output, deadlines } = this.#options;
    return new DialedDestination({
      ...{ key, output, deadlines, dial, answers: undefined, unreachable: "EGRESS_UNREACHABLE" },
      link: undefined,
    });
  }

  /** Lets go of all others: what is idle is closed, and the rest when its request is over. */
  retain(kept: ReadonlySet<Destination>): void {
    for (const [key, destination] of this.#known) {
      if (kept.has(destination)) continue;
      destination.retire();
      this.#known.delete(key);
    }
  }

  /** Breaks off everything. */
  close(): void {
    for (const destination of this.#known.values()) destination.close();
    this.#known.clear();
  }

  #get(key: string, create: () => Destination): Destination {
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const created = create();
    this.#known.set(key, created);
    return created;
  }

  #dialSidecars(
    key: string,
    endpoint: Endpoint,
    uri: string,
    identity: TlsIdentity,
    rules: DialRules,
  ): DialedDestination {
    const { output, deadlines, refusals, links, linkViolated } = this.#options;
    const offered = links ? [LINK_PROTOCOL, "http/1.1"] : ["http/1.1"];
    const answers = (): Promise<boolean> => answersAt(endpoint.address, endpoint.port);
    const dial = async (protocols: readonly string[], signal: AbortSignal): Promise<Connection> => {
      try {
        const { connectTimeout } = rules;
        return await dialSidecar(endpoint, uri, identity, protocols, signal, connectTimeout);
      } catch (error) {
        if (error instanceof DialError && error.reason === "refused") {
          refusals.note(`${endpoint.address}:${endpoint.port}`, error);
        }
        throw error;
      }
    };
    return new DialedDestination({
      ...{ key, output, deadlines, answers, unreachable: "ENDPOINTS_UNREACHABLE" },
      dial: (signal) => counted(rules, () => dial(offered, signal)),
      dialStream: (signal) => counted(rules, () => dial(STREAMS, signal)),
      link: (wire, peer) =>
        new ClientLink(wire, { deadlines, ...peer, onViolation: linkViolated, ...UNHEARD }),
    });
  }

  #portOf(number: number): ApplicationPort {
    const known = this.#ports.get(number);
    if (known !== undefined) return known;
    const port = new ApplicationPort(number, () => this.#options.applicationRefuses(number));
    this.#ports.set(number, port);
    return port;
  }

  #http1(key: string, port: ApplicationPort): DialedDestination {
    const { output, deadlines } = this.#options;
    return new DialedDestination({
      ...{ key, output, deadlines, answers: undefined, unreachable: "APPLICATION_UNREACHABLE" },
      dial: (signal) => port.dial(signal),
      onEnded: (signal) => port.hasEnded(signal),
      link: undefined,
    });
  }

  #http2(key: string, port: ApplicationPort): Http2Destination {
    return new Http2Destination({
      ...{ key, scheme: "http", unreachable: "APPLICATION_UNREACHABLE" },
      dial: (signal) => port.dial(signal),
      onEnded: (signal) => port.hasEnded(signal),
    });
  }
}

/** Rejects with an {@link OverloadError} when there is no room for one more. */
async function counted(
  { breaker }: DialRules,
  dial: () => Promise<Connection>,
): Promise<Connection> {
  if (!breaker.enterConnection()) throw new OverloadError();
  try {
    const connection = await dial();
    connection.socket.once("close", () => breaker.leaveConnection());
    return connection;
  } catch (error) {
    breaker.leaveConnection();
    throw error;
  }
}
