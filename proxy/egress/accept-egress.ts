// From the application to a host outside, as far as `mesh.egress` lists it: which name the connection bears → whether it is
// listed → the sidecar's own connection to that name. What was called by mistake or malice is reset, and said in the log.
// Only sidecars of services that list names load this, in a file of its own.
import { DEFAULT_POLICY } from "../../mesh/policy/read-policy.ts";
import type { DataPlane } from "../data-plane.ts";
import type { FailureCode } from "../failures.ts";
import type { ReviewedStream } from "../open-streams.ts";
import { watchIdle } from "../tcp/idle-watch.ts";
import { tunnel } from "../tcp/tunnel.ts";
import type { Connection } from "../transport/connection.ts";
import { type DialOutside, dialOutside } from "./dial-outside.ts";
import { EgressRequests, NOT_LISTED, type Outside, UNLISTED } from "./egress-requests.ts";
import { readOpening } from "./opening.ts";

/** Takes a connection that the application opened to a listed port of whatever address. */
export function acceptEgress(
  plane: DataPlane,
  connection: Connection,
  place: string,
  dial: DialOutside = dialOutside,
): void {
  const port = plane.configuration()?.egress?.portAt(place);
  if (port === undefined) connection.reset();
  else void carry({ plane, port, dial }, connection);
}

/** Never rejects. */
async function carry(outside: Outside, near: Connection): Promise<void> {
  const { plane, port } = outside;
  const opening = await readOpening(near.socket);
  if (near.socket.destroyed) return;
  if (opening.kind === "http1") {
    plane.engine.serve(near, new EgressRequests(outside, near));
  } else if (opening.kind === "tls") {
    await new EgressStream(outside, near, opening.name).carry();
  } else {
    plane.traffic.follow("source", UNLISTED, "", near.socket);
    refuse(plane, "EGRESS_DENIED", { host: "", port, why: opening.why });
    near.reset();
  }
}

interface Refused {
  /** Empty where none was named. */
  readonly host: string;
  readonly port: number;
  readonly why: string;
}

function refuse(plane: DataPlane, code: FailureCode, { host, port, why }: Refused): void {
  plane.counters.outboundFailed += 1;
  plane.counters.countOutbound(UNLISTED);
  plane.counters.countFailure(code);
  plane.denials.noteOutside(`${host}:${port}`, why);
}

/** A connection of TLS, which stays as it is from end to end. */
class EgressStream implements ReviewedStream {
  readonly #plane: DataPlane;
  readonly #port: number;
  readonly #dialOutside: DialOutside;
  readonly #near: Connection;
  readonly #host: string;

  constructor({ plane, port, dial }: Outside, near: Connection, host: string) {
    this.#plane = plane;
    this.#port = port;
    this.#dialOutside = dial;
    this.#near = near;
    this.#host = host;
  }

  review(): void {
    if (this.#entry === undefined) this.#refuse("EGRESS_DENIED", "it is not listed any more");
  }

  /** Never rejects. */
  async carry(): Promise<void> {
    const { streams, drain, traffic, counters } = this.#plane;
    const entry = this.#entry;
    traffic.follow("source", entry ?? UNLISTED, "", this.#near.socket);
    if (entry === undefined) return this.#refuse("EGRESS_DENIED", NOT_LISTED);
    using _held = drain.hold();
    streams.add(this);
    try {
      const far = await this.#dial();
      counters.countOutbound(entry);
      await tunnel(this.#near, far);
    } catch (error) {
      this.#refuse("EGRESS_UNREACHABLE", (error as Error).message);
    } finally {
      streams.delete(this);
    }
  }

  /** Under a configuration that holds nobody, what is open goes on. */
  get #entry(): string | undefined {
    const egress = this.#plane.configuration()?.egress;
    return egress === undefined ? UNLISTED : egress.entryOf(this.#host, this.#port);
  }

  async #dial(): Promise<Connection> {
    const { engine, signal } = this.#plane;
    const far = await this.#dialOutside(this.#host, this.#port, signal);
    watchIdle(far, DEFAULT_POLICY.timeouts.idle, engine.deadlines);
    return far;
  }

  #refuse(code: FailureCode, why: string): void {
    refuse(this.#plane, code, { host: this.#host, port: this.#port, why });
    this.#near.reset();
  }
}
