// What one world of the simulation costs its agent, and how soon a change reaches those whom it concerns.
import { setTimeout as sleep } from "node:timers/promises";
import { type Quantiles, quantilesOf } from "../bench/policy/quantiles.ts";
import { type Change, Churn } from "./churn.ts";
import type { Arrival } from "./simulated-sidecar.ts";
import { Simulation } from "./simulation.ts";
import type { WorldShape } from "./world.ts";

const START_LIMIT = 120_000;
/** After the last change, ms: what has not arrived by then counts as lost. */
const PATIENCE = 15_000;
/** Changes that are undone later, at the same time. */
const MOST_DOWN = 20;
/** Seeds of the generator: Numerical Recipes' linear congruential one. */
const MULTIPLIER = 1_664_525;
const INCREMENT = 1_013_904_223;

export interface Scenario {
  readonly name: string;
  readonly shape: WorldShape;
  /** That Consul takes from one address. */
  readonly connections: number;
  /** Changes a second. */
  readonly rate: number;
  readonly seconds: number;
}

export interface Measured {
  readonly scenario: Scenario;
  /** From the agent's start until every sidecar knew all endpoints, ms. */
  readonly startUp: number;
  readonly changes: number;
  /** From a change to each snapshot that must tell of it, ms; without those of the next. */
  readonly times: Quantiles;
  /** The same where an instance is gone from one moment to the next. */
  readonly deaths: Quantiles;
  /** Snapshots that should have told of a change and did not in time. */
  readonly missing: number;
  /** Of one processor, 0 to 1 and more. */
  readonly processorShare: number;
  /** The same without changes. */
  readonly idleProcessorShare: number;
  readonly residentBytes: number;
  readonly ownBytes: number;
  readonly peakResidentBytes: number;
  /** To all sidecars of the node, for each change. */
  readonly bytesPerChange: number;
  /** Sent to sidecars whom no change concerned. */
  readonly strayLines: number;
  /** Of a sidecar's whole snapshot, the mean. */
  readonly snapshotBytes: number;
  readonly consul: {
    readonly requestsPerSecond: number;
    readonly idleRequestsPerSecond: number;
    readonly bytesPerChange: number;
    readonly mostConnections: number;
    readonly refused: number;
  };
}

export interface MeasureOptions {
  readonly program: string;
  readonly nodeFlags: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** Changes of which some dependents have not heard yet. */
class Account {
  readonly times: number[] = [];
  readonly deaths: number[] = [];
  stray = 0;
  bytes = 0;
  #open: { readonly change: Change; readonly waiting: Set<Arrival["sidecar"]> }[] = [];

  expect(change: Change, dependents: readonly Arrival["sidecar"][]): void {
    this.#open.push({ change, waiting: new Set(dependents) });
  }

  note({ sidecar, at, bytes }: Arrival): void {
    this.bytes += bytes;
    let told = false;
    for (const { change, waiting } of this.#open) {
      if (!waiting.has(sidecar) || sidecar.knows(change.instanceId) !== change.present) continue;
      waiting.delete(sidecar);
      (change.kind === "dies" ? this.deaths : this.times).push(at - change.at);
      told = true;
    }
    if (!told) this.stray += 1;
    this.#open = this.#open.filter(({ waiting }) => waiting.size > 0);
  }

  get missing(): number {
    return this.#open.reduce((sum, { waiting }) => sum + waiting.size, 0);
  }
}

export async function measure(scenario: Scenario, options: MeasureOptions): Promise<Measured> {
  const { shape, rate, seconds, connections } = scenario;
  let account = new Account();
  const started = performance.now();
  await using simulation = await Simulation.start({
    ...{ shape, connections, ...options },
    onArrival: (arrival) => account.note(arrival),
  });
  await simulation.settled(START_LIMIT);
  const startUp = performance.now() - started;
  const snapshotBytes = meanSnapshot(simulation);
  const idle = await spend(simulation, seconds, async () => await sleep(seconds * 1_000));
  account = new Account();
  const churn = new Churn(simulation.state, simulation.world, randomFrom(1));
  const changes = rate * seconds;
  const busy = await spend(simulation, seconds, async () => {
    await makeChanges(simulation, churn, account, { changes, rate });
  });
  const patience = performance.now() + PATIENCE;
  while (account.missing > 0 && performance.now() < patience) await sleep(100);
  const { residentBytes, ownBytes, peakResidentBytes } = await simulation.agent.use();
  const { refused, mostConnections } = simulation.consul.counters;
  return {
    ...{ scenario, startUp, changes, snapshotBytes },
    ...{ residentBytes, ownBytes, peakResidentBytes },
    ...{ times: quantilesOf(account.times), deaths: quantilesOf(account.deaths) },
    ...{ missing: account.missing, strayLines: account.stray },
    processorShare: busy.processorShare,
    idleProcessorShare: idle.processorShare,
    bytesPerChange: account.bytes / changes,
    consul: {
      ...{ refused, mostConnections },
      requestsPerSecond: busy.requests / seconds,
      idleRequestsPerSecond: idle.requests / seconds,
      bytesPerChange: busy.bytes / changes,
    },
  };
}

interface Spent {
  readonly processorShare: number;
  readonly requests: number;
  readonly bytes: number;
}

async function spend(
  { agent, consul }: Simulation,
  seconds: number,
  work: () => Promise<void>,
): Promise<Spent> {
  const [before, asked] = [await agent.use(), { ...consul.counters }];
  await work();
  const after = await agent.use();
  return {
    processorShare: (after.processorSeconds - before.processorSeconds) / seconds,
    requests: consul.counters.requests - asked.requests,
    bytes: consul.counters.bytes - asked.bytes,
  };
}

async function makeChanges(
  simulation: Simulation,
  churn: Churn,
  account: Account,
  { changes, rate }: { readonly changes: number; readonly rate: number },
): Promise<void> {
  const begin = performance.now();
  for (let made = 0; made < changes; made += 1) {
    await sleep(Math.max(0, begin + (made * 1_000) / rate - performance.now()));
    const change = await churn.next(MOST_DOWN);
    account.expect(change, simulation.dependents(change.service));
  }
}

function meanSnapshot({ sidecars }: Simulation): number {
  const sizes = sidecars.map(({ snapshot }) => JSON.stringify(snapshot).length);
  return sizes.reduce((sum, size) => sum + size, 0) / Math.max(1, sizes.length);
}

/** The same numbers from 0 to 1 in every run. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, MULTIPLIER) + INCREMENT) >>> 0;
    return state / 2 ** 32;
  };
}
