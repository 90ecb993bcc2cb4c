// The probe of the application: how it is, from asking again and again.
import type { Clock } from "../../mesh/clock.ts";
import type { CheckPolicy } from "../../mesh/policy/policy.ts";
import type { InboundPort, SidecarReport } from "../configuration/snapshot.ts";
import { checkPort } from "./check-port.ts";

/** Milliseconds between two rounds until the application has passed for the first time: it should be found ready soon after it is. */
const STARTING_INTERVAL = 50;
/** Milliseconds between two looks for a first snapshot, without which nobody knows what to ask. */
const WAITING_INTERVAL = 10;

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
  #passes = 0;
  #passedBefore = false;
  #state: ApplicationState = STARTING;

  /**
   * The state after a round that found these problems, none meaning that all ports passed. The first pass of all counts
   * at once, as nobody calls an application before it.
   */
  judge(
    problems: readonly string[],
    { unhealthyThreshold, healthyThreshold }: Thresholds,
  ): ApplicationState {
    const passed = problems.length === 0;
    this.#failures = passed ? 0 : this.#failures + 1;
    this.#passes = passed ? this.#passes + 1 : 0;
    const enough = this.#passedBefore ? healthyThreshold : 1;
    if (passed && (this.#state.application === "passing" || this.#passes >= enough)) {
      this.#passedBefore = true;
      this.#state = { application: "passing", applicationNote: "all ports answer" };
    } else if (this.#failures >= unhealthyThreshold) {
      this.#state = { application: "critical", applicationNote: problems.join("; ") };
    }
    return this.#state;
  }
}

/** How many rounds in a row make it critical, since a single failure may be a hiccup, and passing again. */
export type Thresholds = Pick<CheckPolicy, "unhealthyThreshold" | "healthyThreshold">;

/** What is to be asked, and how. */
export interface Questions {
  /** All of them must pass. */
  readonly ports: readonly InboundPort[];
  readonly check: CheckPolicy;
}

export interface Probe {
  readonly clock: Clock;
  /** Looked up before each round; undefined before the first snapshot. */
  readonly questions: () => Questions | undefined;
  /** Called with the state after each round. */
  readonly report: (state: ApplicationState) => void;
}

/** Asks until the signal aborts. */
export async function probeApplication(
  { clock, questions, report }: Probe,
  signal: AbortSignal,
): Promise<void> {
  const judge = new ProbeJudge();
  let passed = false;
  while (!signal.aborted) {
    const asked = questions();
    if (asked === undefined) {
      await clock.sleep(WAITING_INTERVAL, signal);
      continue;
    }
    const { ports, check } = asked;
    const answers = await Promise.all(ports.map((port) => checkPort(port, check.timeout, signal)));
    const state = judge.judge(
      answers.filter((answer) => answer !== undefined),
      check,
    );
    passed ||= state.application === "passing";
    report(state);
    await clock.sleep(passed ? check.interval : STARTING_INTERVAL, signal);
  }
}
