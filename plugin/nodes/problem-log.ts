// Problems that only the status would show are told in the agent's log as well, each when it comes and when it is over.
import type { Clock } from "../../mesh/clock.ts";
import type { Log } from "../../mesh/log.ts";
import type { Problem } from "../status.ts";

/** Looked at this often, ms. */
const INTERVAL = 2_000;

/** Until the signal aborts. `problems` is asked anew each time. */
export async function logProblems(
  problems: () => readonly Problem[],
  { clock, log }: { readonly clock: Clock; readonly log: Log },
  signal: AbortSignal,
): Promise<void> {
  let told: ReadonlyMap<string, Problem> = new Map();
  while (!signal.aborted) {
    // By subject and code: a message may carry what changes all the time.
    const now = new Map(
      problems().map((problem) => [`${problem.code} ${problem.subject}`, problem]),
    );
    for (const [key, { subject, code, message }] of now)
      if (!told.has(key)) log.warn(message, { subject, code });
    for (const [key, { subject, code }] of told)
      if (!now.has(key)) log.info("a problem is over", { subject, code });
    told = now;
    await clock.sleep(INTERVAL, signal).catch(() => undefined);
  }
}
