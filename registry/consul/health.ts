// Health in both directions: a report as a check's status and note, and a service's checks as one health. Pure.
// Consul has three states and we have four: draining is critical with a note that begins with the word.
import type { Health } from "../../mesh/model.ts";
import type { HealthReport } from "../catalog.ts";
import type { ConsulStatus, HealthCheck } from "./types.ts";

const DRAINING = "draining";
const LONGEST_NOTE = 500;

const STATUS: Readonly<Record<Health, ConsulStatus>> = {
  passing: "passing",
  warning: "warning",
  critical: "critical",
  draining: "critical",
};

/** What a check of Consul's says. */
export interface CheckUpdate {
  readonly status: ConsulStatus;
  readonly note: string;
}

/** What Consul's checks of an instance are to say for a report. */
export function toCheckUpdate(report: HealthReport): CheckUpdate {
  const { health } = report;
  const note = report.note.slice(0, LONGEST_NOTE);
  // An empty note would look like silence, and a note of something else must not look like draining.
  const plain = note !== "" && health !== "draining" && !saysDraining(note);
  return { status: STATUS[health], note: plain ? note : `${health}: ${note}` };
}

/** What the checks of a service and of its node say together. */
export interface ObservedHealth {
  readonly health: Health;
  /** True when it is critical only because nobody has spoken (yet, or within the time to live): no one says that it is. */
  readonly silent: boolean;
  /** True when Consul has lost its own agent on that node: `health` is then what was said before, and may be so still. */
  readonly nodeLost: boolean;
}

/** The worst of all checks but the node's own; draining only if nothing else is critical. */
export function fromChecks(checks: readonly HealthCheck[]): ObservedHealth {
  const nodeLost = checks.some(isLostNode);
  const others = checks.filter((check) => !isLostNode(check));
  const critical = others.filter((check) => check.Status === "critical");
  if (critical.length > 0) {
    const draining = critical.every((check) => saysDraining(check.Output));
    return {
      health: draining ? "draining" : "critical",
      silent: critical.every(isSilent),
      nodeLost,
    };
  }
  const warning = others.some((check) => check.Status !== "passing");
  return { health: warning ? "warning" : "passing", silent: false, nodeLost };
}

/** What Consul's gossip says of its agents stands in this check of every node. */
function isLostNode(check: HealthCheck): boolean {
  return check.CheckID === "serfHealth" && check.Status === "critical";
}

function saysDraining(text: string): boolean {
  return text.startsWith(DRAINING);
}

function isSilent(check: HealthCheck): boolean {
  return check.Output === "" || check.Output.startsWith("TTL expired");
}
