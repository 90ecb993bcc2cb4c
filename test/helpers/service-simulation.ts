// A called service under load in simulated time: requests arrive evenly, endpoints answer as a test says, and nothing is
// real but balancing and health. The same seed gives the same run.
import type { EndpointTarget } from "../../proxy/health/endpoint-target.ts";
import type { ServiceRig } from "./balancing.ts";

export interface Answer {
  readonly status: number;
  /** ms. */
  readonly took: number;
}

/** How an endpoint answers a request that arrives then (ms since the beginning). `random`: 0 to below 1. */
export type Behaviour = (id: string, at: number, random: () => number) => Answer;

export interface SimulatedRequest {
  /** ms since the beginning. */
  readonly at: number;
  /** `none` when there was no endpoint. */
  readonly id: string;
  readonly status: number;
  readonly took: number;
}

interface Pending {
  readonly until: number;
  readonly began: number;
  readonly status: number;
  readonly target: EndpointTarget;
}

/** `rate` requests a second for so many seconds, in the order of their arrival. */
export function simulate(
  rig: ServiceRig,
  rate: number,
  seconds: number,
  behaviour: Behaviour,
): SimulatedRequest[] {
  const start = rig.now;
  const requests: SimulatedRequest[] = [];
  let pending: Pending[] = [];
  for (let index = 0; index < rate * seconds; index += 1) {
    const at = (index * 1_000) / rate;
    pending = finish(rig, pending, start + at);
    rig.now = start + at;
    const target = rig.targets.next(Math.floor(rig.random() * 2 ** 32), [], true);
    if (target === undefined) {
      requests.push({ at, id: "none", status: 503, took: 0 });
      continue;
    }
    const { status, took } = behaviour(target.id, at, rig.random);
    target.begin(rig.now);
    pending.push({ until: rig.now + took, began: rig.now, status, target });
    requests.push({ at, id: target.id, status, took });
  }
  return requests;
}

/** Ends what is due, in order; returns the rest. */
function finish(rig: ServiceRig, pending: readonly Pending[], now: number): Pending[] {
  const due = pending.filter(({ until }) => until <= now);
  for (const { until, began, status, target } of due.toSorted((a, b) => a.until - b.until)) {
    rig.now = until;
    target.answered(status, until, began);
    target.ended(began);
  }
  return pending.filter(({ until }) => until > now);
}

/** The part of the requests for which this holds, 0 to 1. */
export function part(
  requests: readonly SimulatedRequest[],
  holds: (request: SimulatedRequest) => boolean,
): number {
  return requests.filter(holds).length / Math.max(1, requests.length);
}
