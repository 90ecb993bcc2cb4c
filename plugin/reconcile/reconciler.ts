// The agent's loop: look, understand, plan, start what is due, tell catalog and sidecars. Level-triggered: each pass
// works from the whole current state, so a lost or doubled trigger changes nothing but the moment.
import type { Clock } from "../../mesh/clock.ts";
import { describeError } from "../../mesh/errors.ts";
import { Latest } from "../../mesh/latest.ts";
import type { Log } from "../../mesh/log.ts";
import type { Instance } from "../../mesh/model.ts";
import type { Catalog, CatalogView, HealthReport } from "../../registry/catalog.ts";
import type { ContainerFacts } from "../docker/container-facts.ts";
import { type SidecarTemplate, sidecarSpecification } from "../docker/sidecar-container.ts";
import type { Departures } from "../parting.ts";
import type { Publisher } from "../sidecars/publisher.ts";
import type { SidecarSessions, SidecarState } from "../sidecars/sessions.ts";
import type { Problem } from "../status.ts";
import { type LocalHealth, toInstance, workloadHealth } from "../workload/health.ts";
import type { HealthFeed } from "../workload/health-feed.ts";
import type { Interpreter } from "../workload/interpreter.ts";
import { isDraining } from "../workload/stopping.ts";
import type { Workload } from "../workload/workload.ts";
import { type ApplyContext, applyLane, laneOf } from "./apply.ts";
import type { ContainerRecord } from "./container-record.ts";
import type { EngineLook } from "./engine-look.ts";
import { explicitProblems, interceptionMarks } from "./explicit.ts";
import type { HandOverView } from "./hand-over.ts";
import { type HeldContainer, outlookOf } from "./hold.ts";
import type { Holds, KnownHold } from "./holds.ts";
import { interceptionMark } from "./interception.ts";
import type { Lanes } from "./lanes.ts";
import type { Observer } from "./observer.ts";
import { plan, printPlan, type Step } from "./plan.ts";

/** Triggers within this time make one pass, ms; the first one after a rest makes a pass at once. */
const COALESCE = 5;
/** A pass is followed by a rest as long as itself, up to this, ms: where much goes on, half of a processor is left. */
const LONGEST_REST = 250;
/** An adopted sidecar that has not reported by then is as good as a new one, ms. */
const ADOPTION_LIMIT = 15_000;
/** A pass at least this often, ms: silence, the end of a drain and of adoption send no event. */
const LOOK_AGAIN = 5_000;
/** Without a pass for this long the agent does not do its work, ms. */
const STALLED = 60_000;

export interface ReconcilerParts {
  readonly node: string;
  readonly engine: ApplyContext["engine"];
  readonly catalog: Catalog;
  readonly observer: Observer;
  readonly look: EngineLook;
  readonly sessions: SidecarSessions;
  readonly publisher: Publisher;
  readonly healthFeed: HealthFeed;
  readonly lanes: Lanes;
  readonly template: SidecarTemplate;
  readonly interpreter: Interpreter;
  readonly interceptions: ContainerRecord;
  readonly holds: Holds;
  /** Set by whoever has news: asks for a pass. */
  readonly wake: Latest<undefined>;
  readonly clock: Clock;
  readonly log: Log;
}

const WAITS_FOR_SERVICE = { waitsFor: "the labels of its service are not known" } as const;

/** A workload and how it is, as of the last pass. */
export interface LocalWorkload {
  readonly workload: Workload;
  readonly instance: Instance;
  readonly health: LocalHealth["health"];
  readonly note: string;
  readonly sidecar: SidecarState | undefined;
  readonly adopted: boolean;
  readonly registered: boolean;
}

export class Reconciler {
  readonly #parts: ReconcilerParts;
  readonly #startedAt: number;
  /** Ids of the sidecars that were there at the first look. */
  #adopted: ReadonlySet<string> | undefined;
  #registered: ReadonlyMap<string, Instance> | undefined;
  #view: CatalogView | undefined;
  #workloads: readonly LocalWorkload[] = [];
  #undecided: ReadonlySet<string> = new Set();
  #labelProblems: readonly Problem[] = [];
  #passProblem: Problem | undefined;
  #passedAt: number;
  #steps: readonly Step[] = [];
  /** Containers have got their stop signals. */
  readonly #stops = new Latest<undefined>();

  constructor(parts: ReconcilerParts) {
    this.#parts = parts;
    this.#startedAt = parts.clock.monotonic();
    this.#passedAt = this.#startedAt;
  }

  /** Asks for a pass; returns at once. */
  trigger(): void {
    this.#parts.wake.set(undefined);
  }

  /**
   * A container has got its stop signal. Catalog and callers are told before the next look, which may take longer than the
   * application lives on: an engine that stops containers answers about them when it is done.
   */
  noteStop(): void {
    this.#stops.set(undefined);
    this.trigger();
  }

  setView(view: CatalogView): void {
    this.#view = view;
    this.trigger();
  }

  /** This node's instances as the catalog lists them. */
  setRegistered(instances: readonly Instance[]): void {
    this.#registered = new Map(instances.map((instance) => [instance.id, instance]));
    this.trigger();
  }

  /** False when passes have failed or hung for a minute. */
  get alive(): boolean {
    return this.#parts.clock.monotonic() - this.#passedAt < STALLED;
  }

  get workloads(): readonly LocalWorkload[] {
    return this.#workloads;
  }

  get departures(): Departures {
    return {
      possible: this.#workloads.length > 0,
      underWay:
        this.#workloads.some(({ health }) => health === "draining") ||
        this.#steps.some(({ kind }) => kind === "deregister" || kind === "remove-sidecar"),
    };
  }

  /** How many steps were due at the last pass. */
  get stepsDue(): number {
    return this.#steps.length;
  }

  /** The same as text. */
  get printedPlan(): string {
    return printPlan(this.#steps);
  }

  get problems(): readonly Problem[] {
    const failures = [...this.#parts.lanes.failures()].map(([key, { code, message }]) => ({
      subject:
        this.#workloads.find(({ workload }) => key.endsWith(workload.containerId))?.workload
          .containerName ??
        key.split(" ")[0] ??
        key,
      code,
      message,
    }));
    const workloads = this.#workloads.map(({ workload }) => workload);
    return [
      ...[this.#parts.look.problem, this.#passProblem].filter((problem) => problem !== undefined),
      ...this.#labelProblems,
      ...explicitProblems(workloads, this.#parts.observer.sidecars),
      ...this.#parts.holds.problems,
      ...failures,
    ];
  }

  /** Passes until the signal aborts; waits for work under way before it returns. */
  async run(signal: AbortSignal): Promise<void> {
    this.trigger();
    const others = Promise.all([this.#tick(signal), this.#tellStops(signal)]);
    for await (const _ of this.#parts.wake.values(signal)) {
      const begun = this.#parts.clock.monotonic();
      await this.#guarded(() => this.#pass(signal));
      await this.#restSince(begun, signal);
    }
    await this.#parts.lanes.idle();
    await others;
  }

  async #tellStops(signal: AbortSignal): Promise<void> {
    for await (const _ of this.#stops.values(signal)) {
      // Before the first complete look, "not seen" must not be read as "gone".
      if (this.#adopted === undefined) continue;
      const begun = this.#parts.clock.monotonic();
      await this.#guarded(() => {
        this.#workloads = this.#understand(this.#parts.observer.containers);
        this.#tell();
      });
      await this.#restSince(begun, signal);
    }
  }

  async #restSince(begun: number, signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts;
    const rest = Math.max(COALESCE, Math.min(clock.monotonic() - begun, LONGEST_REST));
    await clock.sleep(rest, signal).catch(() => undefined);
  }

  async #tick(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#parts.clock.sleep(LOOK_AGAIN, signal).catch(() => undefined);
      this.trigger();
    }
  }

  /** A defect in what one pass works out must not end the agent: it is shown, and the next pass may do without it. */
  async #guarded(pass: () => void | Promise<void>): Promise<void> {
    try {
      await pass();
      this.#passedAt = this.#parts.clock.monotonic();
      this.#passProblem = undefined;
    } catch (error) {
      const message = `a pass of the agent failed: ${describeError(error)}; please report this`;
      if (this.#passProblem?.message !== message)
        this.#parts.log.error(message, { stack: (error as Error).stack });
      this.#passProblem = { subject: "agent", code: "INTERNAL", message };
    }
  }

  async #pass(signal: AbortSignal): Promise<void> {
    // What such a lane does may end during the look and not be seen by it: its steps wait for the next pass.
    const underWay = this.#parts.lanes.busy;
    const held = this.#parts.holds.settled;
    await this.#parts.look.refresh(signal);
    // Before the first complete look, "not seen" must not be read as "gone".
    const { look, observer, sessions } = this.#parts;
    if (!look.complete) return;
    this.#adopted ??= new Set(observer.sidecars.map(({ id }) => id));
    sessions.sync(observer.sidecars);
    this.#workloads = this.#understand(observer.containers);
    // What could not be looked at may be otherwise than it was: a container that stands still must not be forgotten.
    this.#planAndStart(look.problem === undefined ? held : [], underWay, signal);
    this.#tell();
  }

  /** Catalog and sidecars. */
  #tell(): void {
    this.#parts.healthFeed.set(this.#healthReports());
    this.#parts.publisher.publish({
      node: this.#parts.node,
      workloads: this.#workloads,
      adopting: this.#adopting,
      undecided: this.#undecided,
      view: this.#view,
      catalogReachable: this.#parts.catalog.status().reachable,
    });
  }

  #understand(containers: readonly ContainerFacts[]): LocalWorkload[] {
    const { interpreter, observer } = this.#parts;
    const served = new Set(observer.sidecars.map(({ workloadId }) => workloadId));
    const { understood, undecided, problems } = interpreter.interpret(containers, served);
    for (const problem of problems) {
      const known = this.#labelProblems.some(
        (p) => p.subject === problem.subject && p.message === problem.message,
      );
      if (!known)
        this.#parts.log.error(problem.message, { container: problem.subject, code: problem.code });
    }
    this.#labelProblems = problems;
    this.#undecided = undecided;
    return understood.map(({ facts, workload }) => this.#assess(facts, workload));
  }

  #assess(facts: ContainerFacts, workload: Workload): LocalWorkload {
    const { clock, sessions, observer, node, holds } = this.#parts;
    const draining = isDraining(facts, observer.stoppingSince(facts.id), clock.monotonic());
    const sidecar = sessions.state(workload);
    const adopted = sidecar !== undefined && this.#adopted?.has(sidecar.sidecarId) === true;
    const instance = toInstance(workload, node);
    const paused = facts.paused && !holds.holds(facts.id);
    const registered = this.#registered?.has(instance.id) === true;
    return {
      workload,
      instance,
      sidecar,
      adopted,
      registered,
      ...workloadHealth({ ...facts, paused }, sidecar, draining, adopted && this.#adopting),
    };
  }

  get #adopting(): boolean {
    return this.#parts.clock.monotonic() - this.#startedAt < ADOPTION_LIMIT;
  }

  #planAndStart(
    held: readonly KnownHold[],
    underWay: ReadonlySet<string>,
    signal: AbortSignal,
  ): void {
    const { observer, sessions, interceptions, template, lanes, holds } = this.#parts;
    const desired = this.#workloads.map(({ workload, instance, health }) => ({
      workload,
      instance,
      specification: sidecarSpecification(template, workload),
      ready: health === "passing",
    }));
    const undecided = this.#undecided;
    const registered = this.#registered && [...this.#registered.values()];
    this.#steps = plan(desired, {
      sidecars: observer.sidecars.filter(({ workloadId }) => !undecided.has(workloadId)),
      running: observer.containers.filter(({ id }) => !undecided.has(id)),
      serving: sessions.serving,
      fit: sessions.fit,
      intercepted: interceptions.known,
      registered: registered?.filter(({ containerId }) => !undecided.has(containerId)),
      held: holds.look(held.map((hold) => this.#lookAtHeld(hold))),
    });
    const byLane = Map.groupBy(this.#steps, laneOf);
    lanes.keepOnly(new Set(byLane.keys()));
    for (const [key, steps] of byLane) {
      if (!underWay.has(key)) this.#startLane(key, steps, signal);
    }
  }

  #lookAtHeld(hold: KnownHold): HeldContainer {
    const { observer, interceptions, clock } = this.#parts;
    const facts = observer.containers.find(({ id }) => id === hold.containerId);
    const local = this.#workloads.find(({ workload }) => workload.containerId === facts?.id);
    const heldFor = clock.monotonic() - hold.since;
    if (local === undefined) {
      const isUndecided = this.#undecided.has(hold.containerId);
      const outlook = isUndecided ? WAITS_FOR_SERVICE : "no workload";
      return { ...hold, facts, heldFor, stopping: false, outlook };
    }
    const { workload, sidecar, health } = local;
    const { intercept, containerId, egress } = workload;
    const marks = interceptionMarks(interceptions.known, [workload], observer.sidecars);
    const mark = marks.get(containerId);
    const intercepted = intercept === "off" || mark === interceptionMark(workload);
    const confined = egress !== "allow";
    const catalogSeen = this.#view !== undefined;
    const outlook = outlookOf({ sidecar, intercepted, confined, catalogSeen });
    return { ...hold, facts, heldFor, stopping: health === "draining", outlook };
  }

  #startLane(key: string, steps: readonly Step[], signal: AbortSignal): void {
    const { lanes, log } = this.#parts;
    const task = async (): Promise<void> => {
      log.info("applying", { steps: printPlan(steps).trimEnd().split("\n") });
      try {
        await applyLane(
          steps,
          {
            ...this.#parts,
            view: this.#handOverView,
            onChanged: this.#onChanged,
            onRegistered: this.#onRegistered,
          },
          signal,
        );
      } catch (error) {
        if (!signal.aborted)
          log.error("a step failed, it will be tried again", {
            lane: key,
            error: describeError(error),
          });
        throw error;
      }
    };
    lanes.start(key, task, signal);
  }

  readonly #handOverView: HandOverView = {
    isFit: (sidecarId) => this.#parts.sessions.fit.has(sidecarId),
    isRunning: ({ containerId, startedAt }) =>
      this.#parts.observer.containers.some(
        (facts) => facts.id === containerId && facts.startedAt === startedAt,
      ),
    reportOf: (sidecarId) => this.#parts.sessions.reportOf(sidecarId),
  };

  readonly #onChanged = (containerIds: readonly string[]): void => {
    this.#parts.observer.mark(containerIds);
    this.trigger();
  };

  readonly #onRegistered = (instance: Instance, registered: boolean): void => {
    const next = new Map(this.#registered);
    if (registered) next.set(instance.id, instance);
    else next.delete(instance.id);
    this.#registered = next;
    this.trigger();
  };

  #healthReports(): ReadonlyMap<string, HealthReport> {
    const reports = new Map<string, HealthReport>();
    for (const { instance, health, note, registered } of this.#workloads) {
      if (!registered || health === "unknown") continue;
      reports.set(instance.id, { health: health === "starting" ? "critical" : health, note });
    }
    return reports;
  }
}
