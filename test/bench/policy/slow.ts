// One of three replicas is 50 × slower than the others: what the algorithms make of it.
import type { Algorithm } from "../../../mesh/policy/policy.ts";
import type { Surroundings } from "../site.ts";
import { between, shareOfReplica, timesOf } from "./calls.ts";
import { Cluster } from "./cluster.ts";
import { NO_OUTLIERS, NO_RETRIES } from "./documents.ts";
import { putCalls } from "./open-loop.ts";
import type { Quantiles } from "./quantiles.ts";

const RATE = 300;
const WARM_SECONDS = 1;
const SECONDS = 8;
const USUAL_MS = 2;
const SLOW_MS = 100;

const ALGORITHMS: readonly Algorithm[] = ["round-robin", "least-request", "peak-ewma"];

export interface SlowRow {
  readonly algorithm: Algorithm;
  readonly times: Quantiles;
  /** Of the calls, those that the slow replica answered; 0 to 1. */
  readonly slowShare: number;
}

export async function measureSlow(
  surroundings: Surroundings,
  signal: AbortSignal,
): Promise<readonly SlowRow[]> {
  const rows: SlowRow[] = [];
  for (const algorithm of ALGORITHMS) {
    const policy = { ...NO_OUTLIERS, ...NO_RETRIES, "balance.algorithm": algorithm };
    await using cluster = await Cluster.start(surroundings, `s${rows.length}`, {
      ...{ callers: 1, replicas: 3, policy },
    });
    rows.push(await measureAlgorithm(cluster, algorithm, signal));
  }
  return rows;
}

async function measureAlgorithm(
  cluster: Cluster,
  algorithm: Algorithm,
  signal: AbortSignal,
): Promise<SlowRow> {
  for (const replica of [0, 1, 2]) {
    await cluster.setMood({ replica, fails: 0, delay: replica === 0 ? SLOW_MS : USUAL_MS });
  }
  const order = { port: cluster.caller.port, rate: RATE, seconds: WARM_SECONDS + SECONDS };
  const { calls } = await putCalls(order, async () => undefined, signal);
  const measured = between(calls, WARM_SECONDS * 1000, (WARM_SECONDS + SECONDS) * 1000);
  return { algorithm, times: timesOf(measured), slowShare: shareOfReplica(measured, 0) };
}
