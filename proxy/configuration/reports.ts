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
}

/** Reports until the signal aborts. A report that cannot be delivered is not kept: the next one says more. */
export async function sendReports(reports: Reports, signal: AbortSignal): Promise<void> {
  await Promise.all([heartbeat(reports, signal), reportChanges(reports, signal)]);
}

/** Silence is filled by a change that changes nothing. */
async function heartbeat({ clock, changes }: Reports, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(REPORT_INTERVAL, signal).catch(() => undefined);
    changes.set(undefined);
  }
}

async function reportChanges(reports: Reports, signal: AbortSignal): Promise<void> {
  const { agent, clock, log, changes, compose } = reports;
  for await (const _ of changes.values(signal)) {
    try {
      await clock.sleep(COALESCE, signal);
      await sendReport(agent, compose(), signal);
    } catch (error) {
      if (!signal.aborted) log.debug("a report was not delivered", { error: describeError(error) });
    }
  }
}
