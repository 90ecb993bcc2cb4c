// One of three replicas answers half of its requests with 500: what callers see of it.
import { setTimeout as delay } from "node:timers/promises";
import type { PolicyDocument } from "../../../mesh/policy/document.ts";
import type { Surroundings } from "../site.ts";
import { between, type Call, failedShare } from "./calls.ts";
import { Cluster } from "./cluster.ts";
import { NO_OUTLIERS, NO_RETRIES } from "./documents.ts";
import { putCalls } from "./open-loop.ts";
import { wallNow } from "./wall.ts";

const RATE = 300;
const SECONDS = 6;
/** Mostly chance decides when five failures follow one another. */
const ROUNDS = 3;
const FAILS = 0.5;
const LOOK_EVERY_MS = 10;

interface Variant {
  readonly name: string;
  readonly policy: PolicyDocument;
}

const RETRY_5XX: PolicyDocument = { "retries.on": "connect-failure,refused,reset,5xx" };

const VARIANTS: readonly Variant[] = [
  { name: "no policy", policy: { ...NO_RETRIES, ...NO_OUTLIERS } },
  { name: "retries on 5xx alone", policy: { ...RETRY_5XX, ...NO_OUTLIERS } },
  { name: "outlier detection alone", policy: NO_RETRIES },
  { name: "outlier detection and retries on 5xx", policy: RETRY_5XX },
];

export interface FailingRow {
  readonly name: string;
  readonly calls: number;
  /** 0 to 1. */
  readonly failed: number;
  /** Of the last half of the time. */
  readonly failedLater: number;
  /** From the first call to the ejection in each round that had one, ms. */
  readonly ejectedAfter: readonly number[];
}

export async function measureFailing(
  surroundings: Surroundings,
  signal: AbortSignal,
): Promise<readonly FailingRow[]> {
  const rows: FailingRow[] = [];
  for (const [index, variant] of VARIANTS.entries()) {
    const rounds: Round[] = [];
    while (rounds.length < ROUNDS) {
      await using cluster = await Cluster.start(surroundings, `f${index}-${rounds.length}`, {
        ...{ callers: 1, replicas: 3, policy: variant.policy },
      });
      rounds.push(await measureRound(cluster, signal));
    }
    rows.push(rowOf(variant, rounds));
  }
  return rows;
}

interface Round {
  readonly calls: readonly Call[];
  readonly ejectedAfter: number | undefined;
}

async function measureRound(cluster: Cluster, signal: AbortSignal): Promise<Round> {
  await cluster.setMood({ replica: 0, fails: FAILS, delay: 0 });
  const order = { port: cluster.caller.port, rate: RATE, seconds: SECONDS };
  const { calls, result } = await putCalls(
    order,
    (began) => firstEjection(cluster, began, signal),
    signal,
  );
  return { calls, ejectedAfter: result };
}

function rowOf({ name }: Variant, rounds: readonly Round[]): FailingRow {
  const calls = rounds.flatMap((round) => round.calls);
  return {
    ...{ name, calls: calls.length, failed: failedShare(calls) },
    failedLater: failedShare(between(calls, (SECONDS * 1000) / 2, SECONDS * 1000)),
    ejectedAfter: rounds.flatMap(({ ejectedAfter }) => ejectedAfter ?? []),
  };
}

/** Ms after `began`; undefined when the time is over without one. */
async function firstEjection(
  cluster: Cluster,
  began: number,
  signal: AbortSignal,
): Promise<number | undefined> {
  while (wallNow() < began + SECONDS * 1000) {
    const endpoint = cluster.caller.member.endpoint(0);
    if (endpoint?.state === "ejected") return Math.max(0, endpoint.since - began);
    await delay(LOOK_EVERY_MS, undefined, { signal });
  }
  return undefined;
}
