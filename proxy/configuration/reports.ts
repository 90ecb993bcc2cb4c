// Telling the agent how the sidecar is: after each change, and often enough to be known alive.
import type { Clock } from "../../mesh/clock.ts";
import { describeError } from "../../mesh/errors.ts";
import type { Latest } from "../../mesh/latest.ts";
import type { Log } from "../../mesh/log.ts";
import { type AgentAddress, sendReport } from "./agent-channel.ts";
import { REPORT_INTERVAL, type SidecarReport } from "./snapshot.ts";

/** Milliseconds for which changes are gathered into one report. */
const COALESCE = 5;

export interface Reports {
  readonly agent: AgentAddress;
  readonly clock: Clock;
  readonly log: Log;
  /** Set whenever something reported on has changed. */
  readonly changes: Latest<unknown>;
  /** The report of this moment. */
  readonly compose: () => SidecarReport;
  /** Called when it did not arrive. */
  readonly undelivered: (report: SidecarReport) => void;
}

/** Milliseconds for the last report, at the end. */
const LAST = 1_000;

/** Reports until the signal aborts, and once more then. What a report that did not arrive had to say, the next one does. */
export async function sendReports(reports: Reports, signal: AbortSignal): Promise<void> {
  await Promise.all([heartbeat(reports, signal), reportChanges(reports, signal)]);
  await send(reports, AbortSignal.timeout(LAST));
}

/** Silence is filled by a change that changes nothing. */
async function heartbeat({ clock, changes }: Reports, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(REPORT_INTERVAL, signal).catch(() => undefined);
    changes.set(undefined);
  }
}

async function reportChanges(reports: Reports, signal: AbortSignal): Promise<void> {
  for await (const _ of reports.changes.values(signal)) {
    await reports.clock.sleep(COALESCE, signal).catch(() => undefined);
    if (!signal.aborted) await send(reports, signal);
  }
}

async function send(
  { agent, log, compose, undelivered }: Reports,
  signal: AbortSignal,
): Promise<void> {
  const report = compose();
  try {
    await sendReport(agent, report, signal);
  } catch (error) {
    undelivered(report);
    if (!signal.aborted) log.debug("a report was not delivered", { error: describeError(error) });
  }
}
