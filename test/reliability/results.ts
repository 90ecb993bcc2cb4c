// What a run has measured, as it is written to JSON, printed and published. Pure.
import { asMarkdown, type Table } from "../bench/table.ts";
import type { Outcome } from "./event.ts";
import type { Observations } from "./model/observations.ts";
import type { PlaceName } from "./options.ts";

export interface PlaceResults {
  readonly place: PlaceName;
  readonly outcomes: readonly Outcome[];
  /** How many times each was seen. */
  readonly seen: Readonly<Record<keyof Observations, number>>;
  /** What the histories show that must not be (model/rules.ts), as sentences. */
  readonly violations: readonly string[];
}

export interface Results {
  readonly date: string;
  readonly machine: string;
  /** Requests a second, all kinds together. */
  readonly rate: number;
  readonly places: readonly PlaceResults[];
}

/** What the table says above it. */
const TITLES: Readonly<Record<PlaceName, string>> = {
  compose: "One machine, Compose, Consul",
  swarm: "Four nodes, Swarm, three Consul servers",
};

const HEADINGS = ["Event", "Requests", "Failed", "Longest gap", "May fail"];

export function outcomeTable({ place, outcomes, seen, violations }: PlaceResults): Table {
  const checked = `${count(seen.uses)} requests, ${count(seen.snapshots)} snapshots, ${count(seen.catalog)} answers of the catalog`;
  return {
    title: TITLES[place],
    rows: [HEADINGS, ...outcomes.map(rowOf)],
    note: `The model has checked ${checked}: ${violations.length === 0 ? "no" : violations.length} violations.`,
  };
}

function rowOf(outcome: Outcome): readonly string[] {
  const { title, requests, failed, longestGap } = outcome;
  return [title, count(requests), count(failed), `${count(longestGap)} ms`, promise(outcome)];
}

function count(amount: number): string {
  return amount.toLocaleString("en-US");
}

/** Which requests may fail, in words. */
function promise({ tolerance }: Outcome): string {
  if (tolerance === undefined) return "none";
  if (tolerance === 0) return "in flight there";
  return `for ${tolerance / 1_000} s`;
}

/** The first failed requests of an event, a line each; empty without any. */
export function failureLines({ title, failed, unforgiven, failures }: Outcome): readonly string[] {
  if (failed === 0) return [];
  const lines = failures.map(
    ({ kind, at, took, error }) =>
      `  ${at < 0 ? "" : "+"}${at} ms, ${kind}, after ${took} ms: ${error}`,
  );
  const more = failed - failures.length;
  const heading = `${title}: ${unforgiven} more than may fail`;
  return [heading, ...lines, ...(more > 0 ? [`  and ${more} others`] : [])];
}

/** Whether everything is as it is promised, and enough was seen to say so. */
export function isAsPromised({ places }: Results): boolean {
  return places.every(
    ({ outcomes, violations, seen }) =>
      violations.length === 0 &&
      Object.values(seen).every((amount) => amount > 0) &&
      outcomes.every(({ unforgiven }) => unforgiven === 0),
  );
}

/** What docs/reliability.md shows of a place. */
export function asPage({ date, machine, rate }: Results, place: PlaceResults): string {
  const heading = `${date.slice(0, 10)}, ${machine}; ${rate} requests per second.`;
  return `${heading}\n\n${asMarkdown(outcomeTable(place))}`;
}
