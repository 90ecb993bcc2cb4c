// The HTTP requests of one connection to hosts outside. Each is judged by its own Host: a connection that began with a listed
// one leads nowhere else by that. Only one host at a time has connections of ours, and they end with the caller's.
import { DEFAULT_POLICY } from "../../mesh/policy/read-policy.ts";
import { FixedTargets } from "../balance/fixed-targets.ts";
import type { DataPlane } from "../data-plane.ts";
import { failureAnswer, type LocalAnswer } from "../failures.ts";
import type { FinishedExchange, RequestHandler } from "../http/exchanges.ts";
import type { RequestPlan, Targets } from "../http/plan.ts";
import type { Refusal } from "../http/refusal.ts";
import type { Destination } from "../http/streams.ts";
import type { MessageHead } from "../http1/message-head.ts";
import type { View } from "../observe/describe-request.ts";
import { UNLIMITED } from "../resilience/unlimited.ts";
import { NO_TARGETS } from "../route/route-target.ts";
import type { Connection } from "../transport/connection.ts";
import { isHostName } from "./client-hello.ts";
import type { DialOutside } from "./dial-outside.ts";

const NOTHING = Buffer.alloc(0);
/** Hosts that are not listed are counted under this: their names are the application's own words. */
export const UNLISTED = "outside";
/** Why a host is refused, in the log. */
export const NOT_LISTED = "mesh.egress does not list it";

/** Where connections of one listener lead. */
export interface Outside {
  readonly plane: DataPlane;
  /** The one that was called. */
  readonly port: number;
  readonly dial: DialOutside;
}

export class EgressRequests implements RequestHandler {
  readonly #plane: DataPlane;
  readonly #port: number;
  readonly #dial: DialOutside;
  /** Of the request that came last. */
  #host = "";
  #destination: Destination | undefined;
  #targets: Targets = NO_TARGETS;

  constructor({ plane, port, dial }: Outside, near: Connection) {
    this.#plane = plane;
    this.#port = port;
    this.#dial = dial;
    near.socket.once("close", () => this.#destination?.close());
  }

  get closing(): boolean {
    return this.#plane.drain.draining;
  }

  plan(head: MessageHead): RequestPlan {
    const { drain, counters } = this.#plane;
    const host = nameIn(head.authorityText());
    const entry = this.#entryOf(host);
    drain.enter();
    counters.countOutbound(entry ?? UNLISTED);
    const answer = entry === undefined ? this.#refusal(host) : undefined;
    if (answer === undefined) this.#turnTo(host);
    return {
      ...{ service: entry ?? UNLISTED, key: 0, conduct: CONDUCT, host: Buffer.from(host) },
      targets: answer === undefined ? this.#targets : NO_TARGETS,
      ...{ added: NOTHING, forwardedFor: undefined, edits: undefined, mirror: undefined },
      before: answer && { gate: undefined, delay: 0, answer },
      telemetry: DEFAULT_POLICY,
    };
  }

  review(): LocalAnswer | undefined {
    return this.#entryOf(this.#host) === undefined ? this.#refusal(this.#host) : undefined;
  }

  finished(exchange: FinishedExchange, milliseconds: number): void {
    const { counters, drain, traffic, observer } = this.#plane;
    const { failure, plan } = exchange;
    drain.leave();
    counters.outboundTimes.record(milliseconds);
    traffic.count("source", plan.service, "", exchange, milliseconds);
    observer.finished(viewOf(plan.service), exchange, milliseconds);
    if (failure === undefined) return;
    counters.outboundFailed += 1;
    counters.countFailure(failure);
  }

  refused(refusal: Refusal): void {
    const { counters, observer } = this.#plane;
    counters.countFailure(refusal.code);
    observer.refused(viewOf(UNLISTED), DEFAULT_POLICY, refusal);
  }

  /** Under a configuration that holds nobody, what is open goes on. */
  #entryOf(host: string): string | undefined {
    const egress = this.#plane.configuration()?.egress;
    return egress === undefined ? UNLISTED : egress.entryOf(host, this.#port);
  }

  #refusal(host: string): LocalAnswer {
    this.#plane.denials.noteOutside(`${host}:${this.#port}`, NOT_LISTED);
    return failureAnswer("EGRESS_DENIED", host === "" ? "a host without a name" : host);
  }

  #turnTo(host: string): void {
    if (host === this.#host && this.#destination !== undefined) return;
    this.#destination?.retire();
    const { engine, denials } = this.#plane;
    const port = this.#port;
    this.#host = host;
    this.#destination = engine.destinations.outside(`${host}:${port}`, async (signal) => {
      try {
        return await this.#dial(host, port, signal);
      } catch (error) {
        if (!signal.aborted) denials.noteOutside(`${host}:${port}`, (error as Error).message);
        throw error;
      }
    });
    this.#targets = new FixedTargets([this.#destination]);
  }
}

const CONDUCT = {
  ...UNLIMITED,
  timeouts: { ...UNLIMITED.timeouts, idle: DEFAULT_POLICY.timeouts.idle },
} as const;

/** The name in `name[:port]`, in lower case; "" for what is no name, such as an address. */
function nameIn(authority: string): string {
  const name = authority.replace(/:\d*$/, "").toLowerCase();
  return isHostName(name) ? name : "";
}

function viewOf(peer: string): View {
  return { reporter: "source", peer, address: "" };
}
