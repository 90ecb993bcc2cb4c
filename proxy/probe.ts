// The probe of the application: how it is, from asking again and again.
import type { Clock } from "../mesh/clock.ts";
import { checkPort } from "./check.ts";
import type { InboundPort, SidecarReport } from "./configuration/snapshot.ts";

/** Milliseconds between two rounds. */
const INTERVAL = 1_000;
/** The same until the application has passed for the first time: it should be found ready soon after it is. */
const STARTING_INTERVAL = 50;
/** Milliseconds between two looks for a first snapshot, without which nobody knows what to ask. */
const WAITING_INTERVAL = 10;
/** Failures in a row that make it critical: a single one may be a hiccup. */
const FAILURES_TO_CRITICAL = 2;

/** How the application is, and a sentence about why. */
export interface ApplicationState {
  readonly application: SidecarReport["application"];
  readonly applicationNote: string;
}

/** The state before the first answer. */
export const STARTING: ApplicationState = {
  application: "starting",
  applicationNote: "not yet asked",
};

/** Turns the answers of one round after the other into a state. */
export class ProbeJudge {
  #failures = 0;
  #state: ApplicationState = STARTING;

  /** The state after a round that found these problems, none meaning that all ports passed. */
  judge(problems: readonly string[]): ApplicationState {
    if (problems.length === 0) {
      this.#failures = 0;
      this.#state = { application: "passing", applicationNote: "all ports answer" };
      return this.#state;
    }
    this.#failures += 1;
    if (this.#failures >= FAILURES_TO_CRITICAL) {
      this.#state = { application: "critical", applicationNote: problems.join("; ") };
    }
    return this.#state;
  }
}

export interface Probe {
  readonly clock: Clock;
  /** The ports to ask, all of which must pass; undefined before the first snapshot. */
  readonly ports: () => readonly InboundPort[] | undefined;
  /** Called with the state after each round. */
  readonly report: (state: ApplicationState) => void;
}

/** Asks until the signal aborts. */
export async function probeApplication(
  { clock, ports, report }: Probe,
  signal: AbortSignal,
): Promise<void> {
  const judge = new ProbeJudge();
  let passed = false;
  while (!signal.aborted) {
    const asked = ports();
    if (asked !== undefined) {
      const answers = await Promise.all(asked.map((port) => checkPort(port, signal)));
      const state = judge.judge(answers.filter((answer) => answer !== undefined));
      passed ||= state.application === "passing";
      report(state);
    }
    const waiting = asked === undefined ? WAITING_INTERVAL : STARTING_INTERVAL;
    await clock.sleep(passed ? INTERVAL : waiting, signal);
  }
}
