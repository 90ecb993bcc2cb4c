// A replica fails for a while: how much of the load it gets, from its failure over its ejection to its full return. Under
// round robin, so that the share is the weight and nothing else; with peak EWMA latencies have their part in it.
import { setTimeout as delay } from "node:timers/promises";
import type { EndpointState } from "../../../proxy/configuration/snapshot.ts";
import type { Surroundings } from "../site.ts";
import { failedShare, type ShareAt, sharesOverTime } from "./calls.ts";
import { Cluster } from "./cluster.ts";
import { putCalls } from "./open-loop.ts";
import { wallNow } from "./wall.ts";

const RATE = 300;
const SPAN_MS = 500;
const LOOK_EVERY_MS = 20;
const FAILING_FROM_MS = 3_000;
const FAILING_FOR_MS = 2_000;

/** Seconds in which everything has to happen with the defaults of `outlier` and `recovery`. */
const SECONDS = 30;

/** From then on the caller saw the replica in that state. */
export interface StateFrom {
  readonly state: EndpointState;
  /** Ms since the first call. */
  readonly at: number;
}

export interface Recovery {
  /** Ms. */
  readonly span: number;
  readonly failingFrom: number;
  readonly failingTo: number;
  readonly end: number;
  readonly replicas: number;
  readonly shares: readonly ShareAt[];
  readonly states: readonly StateFrom[];
  /** Of all calls, 0 to 1. */
  readonly failed: number;
}

export async function measureRecovery(
  surroundings: Surroundings,
  signal: AbortSignal,
): Promise<Recovery> {
  const replicas = 3;
  await using cluster = await Cluster.start(surroundings, "r", {
    ...{ callers: 1, replicas, policy: { "balance.algorithm": "round-robin" } },
  });
  const end = SECONDS * 1000;
  const order = { port: cluster.caller.port, rate: RATE, seconds: SECONDS };
  const { calls, result } = await putCalls(
    order,
    async (began) => {
      const [states] = await Promise.all([
        followStates(cluster, began, end, signal),
        failForAWhile(cluster, began, signal),
      ]);
      return { states, began };
    },
    signal,
  );
  const arrivals = await cluster.takeArrivals();
  const since = arrivals.map((times) => times.map((time) => time - result.began));
  return {
    ...{ span: SPAN_MS, end, replicas, states: result.states, failed: failedShare(calls) },
    ...{ failingFrom: FAILING_FROM_MS, failingTo: FAILING_FROM_MS + FAILING_FOR_MS },
    shares: sharesOverTime(since, 0, { span: SPAN_MS, end }),
  };
}

async function failForAWhile(cluster: Cluster, began: number, signal: AbortSignal): Promise<void> {
  await delay(began + FAILING_FROM_MS - wallNow(), undefined, { signal });
  await cluster.setMood({ replica: 0, fails: 1, delay: 0 });
  await delay(FAILING_FOR_MS, undefined, { signal });
  await cluster.setMood({ replica: 0, fails: 0, delay: 0 });
}

async function followStates(
  cluster: Cluster,
  began: number,
  end: number,
  signal: AbortSignal,
): Promise<readonly StateFrom[]> {
  const states: StateFrom[] = [{ state: "healthy", at: 0 }];
  while (wallNow() < began + end) {
    const seen = cluster.caller.member.endpoint(0);
    if (seen !== undefined && seen.state !== states.at(-1)?.state) {
      states.push({ state: seen.state, at: seen.since - began });
    }
    await delay(LOOK_EVERY_MS, undefined, { signal });
  }
  return states;
}
