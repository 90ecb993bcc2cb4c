// `npm run reliability`: what befalls a mesh under load, event by event, and what it costs its callers. Expects the images
// and the engine that tests have (test/helpers/docker.ts).
import { mkdir, writeFile } from "node:fs/promises";
import { cpus, release } from "node:os";
import { join } from "node:path";
import { Progress } from "../../scripts/progress.ts";
import { asText } from "../bench/table.ts";
import { ComposeStage } from "./compose/compose-stage.ts";
import { COMPOSE_EVENTS } from "./compose/every-event.ts";
import { type Outcome, observe, type ReliabilityEvent, type Stage } from "./event.ts";
import type { Observations } from "./model/observations.ts";
import { type Limits, violations } from "./model/rules.ts";
import { chosen, type PlaceName, type ReliabilityOptions } from "./options.ts";
import { publish } from "./publish.ts";
import {
  failureLines,
  isAsPromised,
  outcomeTable,
  type PlaceResults,
  type Results,
} from "./results.ts";
import { SWARM_EVENTS } from "./swarm/every-event.ts";
import { SwarmStage } from "./swarm/swarm-stage.ts";

/** What docs/reliability.md and registry/consul/loss-guard.ts state. */
const LIMITS: Limits = { told: 1_500, doubted: 30_000 };

const progress = new Progress();

/** Lets everything happen that was asked for, and returns what it cost. */
type Measure = (options: ReliabilityOptions, signal: AbortSignal) => Promise<PlaceResults>;

const PLACES: Readonly<Record<PlaceName, Measure>> = {
  compose: async (...run) => await measure("compose", ComposeStage.open, COMPOSE_EVENTS, ...run),
  swarm: async (...run) => await measure("swarm", SwarmStage.open, SWARM_EVENTS, ...run),
};

/** Prints and writes down what everything cost that was asked for. False when that is more than promised. */
export async function measureReliability(
  options: ReliabilityOptions,
  print: (text: string) => void,
  signal: AbortSignal,
): Promise<boolean> {
  const places: PlaceResults[] = [];
  for (const name of options.places) {
    const place = await PLACES[name](options, signal);
    places.push(place);
    print(`\n${describe(place)}`);
  }
  const results: Results = {
    date: new Date().toISOString(),
    machine: `${cpus().length} × ${cpus()[0]?.model.trim()}, Linux ${release()}`,
    rate: options.rate,
    places,
  };
  if (options.json !== undefined) {
    await writeFile(options.json, `${JSON.stringify(results, undefined, 1)}\n`);
  }
  if (options.publish) await publish(results);
  return isAsPromised(results);
}

async function measure<Where extends Stage & AsyncDisposable>(
  place: PlaceName,
  open: (rate: number) => Promise<Where>,
  events: readonly ReliabilityEvent<Where>[],
  options: ReliabilityOptions,
  signal: AbortSignal,
): Promise<PlaceResults> {
  await using stage = await progress.step(`${place}: set up`, async () => await open(options.rate));
  const outcomes: Outcome[] = [];
  for (const event of chosen(events, options)) {
    signal.throwIfAborted();
    const outcome = await progress.step(
      `${place}: ${event.title}`,
      async () => await observe(stage, event),
      ({ failed, requests }) => `${failed} of ${requests} failed`,
    );
    for (const line of failureLines(outcome)) progress.say(line);
    outcomes.push(outcome);
  }
  const seen = await stage.observations();
  if (options.histories !== undefined) {
    const { requests } = await stage.history(0);
    await writeHistories(options.histories, place, { requests, ...seen });
  }
  return { place, outcomes, seen: amounts(seen), violations: violations(seen, LIMITS) };
}

function amounts({ catalog, snapshots, uses }: Observations): PlaceResults["seen"] {
  return { catalog: catalog.length, snapshots: snapshots.length, uses: uses.length };
}

/** A file for each list, a line for each of its entries. */
async function writeHistories(
  folder: string,
  place: PlaceName,
  lists: Readonly<Record<string, readonly object[]>>,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [kind, list] of Object.entries(lists)) {
    const lines = list.map((entry) => `${JSON.stringify(entry)}\n`);
    await writeFile(join(folder, `${place}-${kind}.jsonl`), lines.join(""));
  }
}

function describe(place: PlaceResults): string {
  const failures = place.outcomes.flatMap(failureLines);
  return [asText(outcomeTable(place)), ...failures, ...place.violations].join("\n");
}
