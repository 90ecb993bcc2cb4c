// What happens while requests go on, and what it costs them: the frame around every event, wherever it happens.
import { setTimeout as pause } from "node:timers/promises";
import { eventually } from "../helpers/eventually.ts";
import type { History } from "./history.ts";
import type { Observations } from "./model/observations.ts";
import { type Cost, costOf, type Tolerance, type Window } from "./verdict.ts";

/** Where events happen: a mesh with an application under load. */
export interface Stage {
  /** What the load has written down of requests that began at this moment (wall clock, ms) or later. */
  history(since: number): Promise<History>;
  /** What has been seen of catalog and snapshots from the stage's begin on. */
  observations(): Promise<Observations>;
  /** Resolves when everything is as it was at first: all replicas are called, in each way. Puts back what an event took away. */
  settle(): Promise<void>;
}

export interface ReliabilityEvent<Where extends Stage> {
  /** For the command line: a word. */
  readonly name: string;
  /** As the table tells it. */
  readonly title: string;
  readonly tolerance: Tolerance;
  /** Makes it happen; calls `harm` right before and right after something is destroyed. */
  happen(stage: Where, harm: () => void): Promise<void>;
}

export interface Outcome extends Cost {
  readonly event: string;
  readonly title: string;
  readonly tolerance: Tolerance;
  readonly window: Window;
}

/** Milliseconds that are watched before and after what happens. */
const BEFORE = 500;
const AFTER = 2_000;

/** Lets the event happen under load and tells what it cost. The stage is settled before and after. */
export async function observe<Where extends Stage>(
  stage: Where,
  { name, title, tolerance, happen }: ReliabilityEvent<Where>,
): Promise<Outcome> {
  await stage.settle();
  const begun = Date.now();
  const harms: number[] = [];
  await pause(BEFORE);
  await happen(stage, () => void harms.push(Date.now()));
  await stage.settle();
  await pause(AFTER);
  const window = { begun, ended: Date.now() };
  const requests = await requestsWithin(stage, window);
  const cost = costOf(requests, window, harms, tolerance);
  return { event: name, title, tolerance, window, ...cost };
}

/** All requests that began within the window, once each has ended. */
export async function requestsWithin(stage: Stage, window: Window): Promise<History["requests"]> {
  const { requests } = await eventually(
    async () => {
      const history = await stage.history(window.begun);
      if (history.complete < window.ended) throw new Error("the load still waits for answers");
      return history;
    },
    { timeout: 20_000, interval: 200 },
  );
  return requests;
}
