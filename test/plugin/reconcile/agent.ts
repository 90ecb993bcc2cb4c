// One agent for the tests of its loop: all that it does between the engine and the sidecars, without sockets.

import { type Clock, systemClock } from "../../../mesh/clock.ts";
import { Latest } from "../../../mesh/latest.ts";
import { silentLog } from "../../../mesh/log.ts";
import type { Inspected } from "../../../plugin/docker/engine.ts";
import type { PolicyState } from "../../../plugin/policy/policy-state.ts";
import type { ContainerRecord } from "../../../plugin/reconcile/container-record.ts";
import { EngineLook } from "../../../plugin/reconcile/engine-look.ts";
import { Holds } from "../../../plugin/reconcile/holds.ts";
import { Lanes } from "../../../plugin/reconcile/lanes.ts";
import { Observer } from "../../../plugin/reconcile/observer.ts";
import { type LocalWorkload, Reconciler } from "../../../plugin/reconcile/reconciler.ts";
import { Publisher } from "../../../plugin/sidecars/publisher.ts";
import { SidecarSessions } from "../../../plugin/sidecars/sessions.ts";
import { ServiceLabels } from "../../../plugin/swarm/service-labels.ts";
import { HealthFeed } from "../../../plugin/workload/health-feed.ts";
import { Interpreter } from "../../../plugin/workload/interpreter.ts";
import { EmbeddedCatalog } from "../../../registry/embedded/embedded-catalog.ts";
import { noGateways } from "../../helpers/gateways.ts";
import { InstantLeaves } from "../../helpers/leaves.ts";
import { policyParts, policyState } from "../../helpers/policies.ts";
import type { ScriptedEngine } from "../../helpers/scripted-engine.ts";
import { composeLabels, containerId, factsOf, NODE } from "../../helpers/workloads.ts";

export const NO_INTERCEPTION: Readonly<Record<string, string>> = { "mesh.intercept": "off" };

export function container(
  service: string,
  letter: string,
  startedAt?: string,
  mesh: Readonly<Record<string, string>> = NO_INTERCEPTION,
): Inspected {
  const labels = composeLabels(service, mesh);
  const start = startedAt === undefined ? {} : { startedAt };
  return { kind: "container", facts: factsOf(service, letter, { labels, ...start }) };
}

/** Everything of one agent but its sockets. Its sidecars live in the engine, as they do. `directory` outlives it. */
export class Agent {
  readonly catalog: EmbeddedCatalog;
  readonly observer: Observer;
  readonly sessions: SidecarSessions;
  readonly lanes: Lanes;
  readonly holds: Holds;
  readonly interpreter: Interpreter;
  readonly reconciler: Reconciler;
  readonly policies: PolicyState = policyState();
  /** Waits for another look at the engine after one that failed. */
  retries = 0;
  /** Time that has passed besides the real one, ms. */
  skipped = 0;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  constructor(
    engine: ScriptedEngine,
    records: { readonly interceptions: ContainerRecord; readonly held: ContainerRecord },
    image: string,
    services: ServiceLabels = new ServiceLabels(() => undefined),
  ) {
    const clock: Clock = {
      ...systemClock,
      monotonic: () => performance.now() + this.skipped,
      sleep: (milliseconds, signal) => {
        if (milliseconds === 1_000) this.retries += 1;
        return systemClock.sleep(milliseconds, signal);
      },
    };
    const wake = new Latest<undefined>();
    const trigger = (): void => wake.set(undefined);
    this.catalog = new EmbeddedCatalog({ node: NODE, clock });
    this.observer = new Observer(engine, clock);
    this.sessions = new SidecarSessions(clock, trigger);
    this.lanes = new Lanes(clock, trigger);
    const onChanged = (ids: readonly string[]): void => {
      this.observer.mark(ids);
      trigger();
    };
    const { interceptions, held: record } = records;
    this.holds = new Holds({ engine, record, clock, log: silentLog, onChanged });
    this.interpreter = new Interpreter(services);
    const socketMount = { Type: "volume", Source: "mesh", Target: "/run/mesh" } as const;
    this.reconciler = new Reconciler({
      node: NODE,
      engine,
      catalog: this.catalog,
      observer: this.observer,
      look: new EngineLook({ observer: this.observer, trigger, clock, log: silentLog }),
      sessions: this.sessions,
      publisher: new Publisher({
        ...{ sessions: this.sessions, leaves: new InstantLeaves(), clock },
        ...policyParts(this.policies),
        observation: () => undefined,
        gateways: noGateways(clock),
      }),
      healthFeed: new HealthFeed(this.catalog, clock, silentLog),
      lanes: this.lanes,
      template: {
        own: { image, socketMount: { ...socketMount, ReadOnly: true } },
        socket: "/run/mesh/agent.sock",
        logLevel: "info",
        migrates: true,
      },
      interceptions,
      holds: this.holds,
      interpreter: this.interpreter,
      wake,
      clock,
      log: silentLog,
    });
    this.#running = this.reconciler.run(this.#stop.signal);
  }

  look(letter: string): void {
    this.observer.mark([containerId(letter)]);
    this.reconciler.trigger();
  }

  workload(letter: string): LocalWorkload | undefined {
    return this.reconciler.workloads.find(
      ({ workload }) => workload.containerId === containerId(letter),
    );
  }

  async registered(): Promise<string[]> {
    return (await this.catalog.registered(this.#stop.signal)).map(({ id }) => id);
  }

  async stop(): Promise<void> {
    this.#stop.abort(new Error("stopped"));
    await this.#running;
  }
}
