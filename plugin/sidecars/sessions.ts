// The agent's side of every sidecar: who it is (by token), its newest snapshot, and what it reported last.
// The socket that carries this is `sidecar-server.ts`; what a snapshot says is decided in `snapshot.ts`.
import { createHash, timingSafeEqual } from "node:crypto";
import type { Clock } from "../../mesh/clock.ts";
import { Latest } from "../../mesh/latest.ts";
import {
  REPORT_INTERVAL,
  type SidecarReport,
  type Snapshot,
} from "../../proxy/configuration/snapshot.ts";
import type { SidecarFacts } from "../docker/container-facts.ts";
import type { Workload } from "../workload/workload.ts";

/** One start of a workload, which is one network namespace. */
type WorkloadStart = Pick<Workload, "containerId" | "startedAt">;

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

  constructor(facts: SidecarFacts) {
    this.sidecarId = facts.id;
    this.workloadId = facts.workloadId;
    this.namespace = namespaceKey(facts.workloadId, facts.workloadStartedAt);
  }
}

/** What is known of a workload's sidecar at one moment. `lost`: it has not reported for three intervals. */
export interface SidecarState {
  readonly sidecarId: string;
  readonly report: SidecarReport | undefined;
  readonly lost: boolean;
}

export class SidecarSessions {
  readonly #clock: Clock;
  /** Called when a report says something new about more than counters. */
  readonly #onReport: (workloadId: string) => void;
  readonly #byDigest = new Map<string, SidecarSession>();
  /** By network namespace: what a sidecar said about an earlier start of its workload says nothing about this one. */
  #byNamespace: ReadonlyMap<string, SidecarSession> = new Map();

  constructor(clock: Clock, onReport: (workloadId: string) => void) {
    this.#clock = clock;
    this.#onReport = onReport;
  }

  /** Opens sessions for new sidecars and closes those of sidecars that are gone. */
  sync(sidecars: readonly SidecarFacts[]): void {
    const current = new Map(
      sidecars
        .filter(({ role, token }) => role === "sidecar" && token !== "")
        .map((facts) => [digest(facts.token), facts]),
    );
    for (const [key, session] of this.#byDigest) {
      if (!current.has(key)) this.#close(key, session);
    }
    for (const [key, facts] of current) {
      if (!this.#byDigest.has(key)) this.#byDigest.set(key, new SidecarSession(facts));
    }
    this.#byNamespace = this.#firstInEach(current.keys());
  }

  /** The session of a token, compared without telling by time how much of it was right. */
  authenticate(token: string): SidecarSession | undefined {
    const offered = digest(token);
    for (const [known, session] of this.#byDigest) {
      if (timingSafeEqual(Buffer.from(known), Buffer.from(offered))) return session;
    }
    return undefined;
  }

  publish(workload: WorkloadStart, snapshot: Snapshot): void {
    const session = this.#find(workload);
    if (session === undefined || session.snapshots.value?.version === snapshot.version) return;
    session.snapshots.set(snapshot);
  }

  accept(session: SidecarSession, report: SidecarReport): void {
    const news = isNews(session.report, report) || this.#isLost(session);
    session.report = report;
    session.reportedAt = this.#clock.monotonic();
    if (news) this.#onReport(session.workloadId);
  }

  /** Undefined when no sidecar is known for this start of the workload. */
  state(workload: WorkloadStart): SidecarState | undefined {
    const session = this.#find(workload);
    if (session === undefined) return undefined;
    const { sidecarId, report } = session;
    return { sidecarId, report, lost: this.#isLost(session) };
  }

  #find({ containerId, startedAt }: WorkloadStart): SidecarSession | undefined {
    return this.#byNamespace.get(namespaceKey(containerId, startedAt));
  }

  /** Of two sidecars in one namespace the first counts, as it does in the plan, which removes the second. */
  #firstInEach(digests: Iterable<string>): ReadonlyMap<string, SidecarSession> {
    const first = new Map<string, SidecarSession>();
    for (const key of digests) {
      const session = this.#byDigest.get(key);
      if (session !== undefined && !first.has(session.namespace))
        first.set(session.namespace, session);
    }
    return first;
  }

  #isLost({ report, reportedAt }: SidecarSession): boolean {
    return report !== undefined && this.#clock.monotonic() - reportedAt > 3 * REPORT_INTERVAL;
  }

  #close(key: string, session: SidecarSession): void {
    session.closed.abort();
    this.#byDigest.delete(key);
  }
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

function digest(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}
