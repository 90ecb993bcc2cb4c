// The agent's side of every sidecar: who it is (by token), its newest snapshot, and what it reported last.
// The socket that carries this is `sidecar-server.ts`; what a snapshot says is decided in `snapshot.ts`.
import { timingSafeEqual } from "node:crypto";
import type { Clock } from "../../mesh/clock.ts";
import { Latest } from "../../mesh/latest.ts";
import { ValuePool } from "../../mesh/value-pool.ts";
import { tokenDigest } from "../../proxy/configuration/introduction.ts";
import type { ObservedRequests } from "../../proxy/configuration/observed-request.ts";
import {
  REPORT_INTERVAL,
  type SidecarReport,
  type Snapshot,
} from "../../proxy/configuration/snapshot.ts";
import type { SidecarFacts } from "../docker/container-facts.ts";
import type { ReportingWorkload } from "../metrics/request-labels.ts";
import type { ObservationSink, ObservedWorkload } from "../observation/observed-workload.ts";
import type { Workload } from "../workload/workload.ts";
import { sharedReports } from "./endpoint-reports.ts";

/** One start of a workload, which is one network namespace. */
type WorkloadStart = Pick<Workload, "containerId" | "startedAt">;

type NamedWorkload = WorkloadStart &
  Pick<Workload, "service" | "project" | "version" | "instanceId" | "containerName">;

/** What a sidecar has counted since the report before. */
export type Counted = Pick<SidecarReport, "traffic" | "calls">;

/** Takes what a sidecar has counted. */
export type TrafficSink = (workload: ReportingWorkload, counted: Counted) => void;

/** Reports of traffic that wait until it is known whose they are: one comes every five seconds. */
const MOST_WAITING = 12;

/** One sidecar container. */
export class SidecarSession {
  readonly sidecarId: string;
  readonly workloadId: string;
  readonly namespace: string;
  readonly snapshots: Latest<Snapshot> = new Latest<Snapshot>();
  /** Aborts when the sidecar is gone: its stream ends then. */
  readonly closed: AbortController = new AbortController();
  report: SidecarReport | undefined;
  reportedAt: number = Number.NEGATIVE_INFINITY;
  /** Where it is too far away to be understood. */
  strangeContract: number | undefined;
  /** For whom it speaks; undefined before its first snapshot. */
  workload: ObservedWorkload | undefined;
  /** What it has counted before that is known. */
  waiting: readonly Counted[] = [];

  constructor(facts: SidecarFacts) {
    this.sidecarId = facts.id;
    this.workloadId = facts.workloadId;
    this.namespace = namespaceOfSidecar(facts);
  }
}

/** What is known of a workload's sidecar at one moment. `lost`: it has not reported for three intervals. */
export interface SidecarState {
  readonly sidecarId: string;
  readonly report: SidecarReport | undefined;
  readonly lost: boolean;
  /** The contract of one that is too far away to be understood: it goes on with what it knows. */
  readonly strangeContract?: number | undefined;
}

export class SidecarSessions {
  readonly #clock: Clock;
  /** Called when a report says something new about more than counters. */
  readonly #onReport: (workloadId: string) => void;
  readonly #onTraffic: TrafficSink;
  readonly #onObserved: ObservationSink;
  readonly #pool = new ValuePool();
  readonly #byDigest = new Map<string, SidecarSession>();
  /** By network namespace: what a sidecar said about an earlier start of its workload says nothing about this one. */
  #byNamespace: ReadonlyMap<string, readonly SidecarSession[]> = new Map();

  constructor(
    clock: Clock,
    onReport: (workloadId: string) => void,
    onTraffic: TrafficSink = () => undefined,
    onObserved: ObservationSink = () => undefined,
  ) {
    this.#clock = clock;
    this.#onReport = onReport;
    this.#onTraffic = onTraffic;
    this.#onObserved = onObserved;
  }

  /** Opens sessions for new sidecars, given oldest first, and closes those of sidecars that are gone. */
  sync(sidecars: readonly SidecarFacts[]): void {
    const current = new Map(
      sidecars
        .filter(({ role }) => role === "sidecar")
        .map((facts): [string, SidecarFacts] => [digestOf(facts), facts])
        .filter(([key]) => key !== ""),
    );
    for (const [key, session] of this.#byDigest) {
      const facts = current.get(key);
      // Of an explicit one it may become known later to which start of its workload it belongs.
      if (facts === undefined || namespaceOfSidecar(facts) !== session.namespace)
        this.#close(key, session);
    }
    for (const [key, facts] of current) {
      if (!this.#byDigest.has(key)) this.#byDigest.set(key, new SidecarSession(facts));
    }
    const sessions = [...current.keys()].map((key) => this.#byDigest.get(key));
    const known = sessions.filter((session) => session !== undefined);
    this.#byNamespace = Map.groupBy(known, ({ namespace }) => namespace);
  }

  /** The session of a token, compared without telling by time how much of it was right. */
  authenticate(token: string): SidecarSession | undefined {
    const offered = tokenDigest(token);
    for (const [known, session] of this.#byDigest) {
      if (timingSafeEqual(Buffer.from(known), Buffer.from(offered))) return session;
    }
    return undefined;
  }

  /** To all sidecars of this start: a predecessor works on while its successor comes up. */
  publish(workload: NamedWorkload, snapshot: Snapshot): void {
    const { service, project, version, instanceId, containerId, containerName } = workload;
    const identity = snapshot.certificates.uri;
    const named = { service, project, version, identity, instanceId, containerId, containerName };
    for (const session of this.#inNamespace(namespaceOf(workload))) {
      session.workload = named;
      this.#attribute(session);
      const { snapshots } = session;
      if (snapshots.value?.version !== snapshot.version) snapshots.set(snapshot);
    }
  }

  /** The newest that was published for this start; undefined before the first. */
  snapshotOf(workload: WorkloadStart): Snapshot | undefined {
    return this.#inNamespace(namespaceOf(workload)).at(-1)?.snapshots.value;
  }

  accept(session: SidecarSession, report: SidecarReport): void {
    const news = isNews(session.report, report) || this.#isLost(session);
    const { endpoints: before = [] } = session.report ?? {};
    const { traffic, ...state } = report;
    const { calls } = state;
    const endpoints = sharedReports(before, state.endpoints, this.#pool);
    session.report = { ...state, endpoints };
    if (traffic !== undefined || calls !== undefined)
      session.waiting = [...session.waiting, { traffic, calls }].slice(-MOST_WAITING);
    this.#attribute(session);
    session.reportedAt = this.#clock.monotonic();
    if (news) this.#onReport(session.workloadId);
  }

  /** Undefined: it is understood. */
  noteContract(session: SidecarSession, strange: number | undefined): void {
    if (session.strangeContract === strange) return;
    session.strangeContract = strange;
    this.#onReport(session.workloadId);
  }

  /** Single requests, which are only looked at: where it is not known yet whose they are, nobody misses them. */
  observe({ workload }: SidecarSession, observed: ObservedRequests): void {
    if (workload !== undefined) this.#onObserved(workload, observed);
  }

  /**
   * Of the newest sidecar that is as good as the others, or else of the oldest. Undefined when none is known for this
   * start of the workload.
   */
  state(workload: WorkloadStart): SidecarState | undefined {
    const sessions = this.#inNamespace(namespaceOf(workload));
    const session = sessions.findLast((each) => this.#isFit(each)) ?? sessions[0];
    if (session === undefined) return undefined;
    const { sidecarId, report, strangeContract } = session;
    return { sidecarId, report, lost: this.#isLost(session), strangeContract };
  }

  /** Sidecars whose listeners are open, be they as good as their like or not. */
  get serving(): ReadonlySet<string> {
    return this.#idsOf((session) => this.#isServing(session));
  }

  /** Those of them that do all that any other one beside the same workload does: they could do without it. */
  get fit(): ReadonlySet<string> {
    return this.#idsOf((session) => this.#isFit(session));
  }

  reportOf(sidecarId: string): SidecarReport | undefined {
    const sessions = [...this.#byDigest.values()];
    return sessions.find((session) => session.sidecarId === sidecarId)?.report;
  }

  #idsOf(holds: (session: SidecarSession) => boolean): ReadonlySet<string> {
    const sessions = [...this.#byDigest.values()].filter(holds);
    return new Set(sessions.map(({ sidecarId }) => sidecarId));
  }

  #isServing(session: SidecarSession): boolean {
    return session.report?.ready === true && !this.#isLost(session);
  }

  #isFit(session: SidecarSession): boolean {
    const { report, namespace } = session;
    if (report === undefined || !this.#isServing(session)) return false;
    return this.#inNamespace(namespace)
      .filter((other) => this.#isServing(other))
      .every(({ report: other = report }) => doesAllOf(report, other));
  }

  #attribute(session: SidecarSession): void {
    const { workload, waiting } = session;
    if (workload === undefined || waiting.length === 0) return;
    session.waiting = [];
    for (const counted of waiting) this.#onTraffic(workload, counted);
  }

  #inNamespace(namespace: string): readonly SidecarSession[] {
    return this.#byNamespace.get(namespace) ?? [];
  }

  #isLost({ report, reportedAt }: SidecarSession): boolean {
    return report !== undefined && this.#clock.monotonic() - reportedAt > 3 * REPORT_INTERVAL;
  }

  #close(key: string, session: SidecarSession): void {
    session.closed.abort();
    this.#byDigest.delete(key);
  }
}

/** Whether nothing is missing that another sidecar of the workload has: a port, a name, good news of the application. */
function doesAllOf(report: SidecarReport, other: SidecarReport): boolean {
  const knowsAsGood = report.application === "passing" || other.application !== "passing";
  return knowsAsGood && report.problems.every((problem) => other.problems.includes(problem));
}

function namespaceOf({ containerId, startedAt }: WorkloadStart): string {
  return namespaceKey(containerId, startedAt);
}

function namespaceOfSidecar({ workloadId, workloadStartedAt }: SidecarFacts): string {
  return namespaceKey(workloadId, workloadStartedAt);
}

function namespaceKey(containerId: string, startedAt: string): string {
  return `${containerId}@${startedAt}`;
}

/** Counters change with every report; only what can change a decision is news. */
function isNews(before: SidecarReport | undefined, now: SidecarReport): boolean {
  const decisive = (report: SidecarReport): string =>
    JSON.stringify([report.ready, report.application, report.version, report.problems]);
  return before === undefined || decisive(before) !== decisive(now);
}

/** What is known of a sidecar's token; empty for nothing. */
function digestOf({ token, explicit }: SidecarFacts): string {
  if (explicit !== undefined) return explicit.tokenDigest ?? "";
  return token === "" ? "" : tokenDigest(token);
}
