// Telling the agent what was observed: in batches, one at a time, and never in a hurry.
import type { Clock } from "../../mesh/clock.ts";
import { describeError } from "../../mesh/errors.ts";
import type { Log } from "../../mesh/log.ts";
import { type AgentAddress, sendObserved } from "../configuration/agent-channel.ts";
import type { Outbox } from "./outbox.ts";

/** Milliseconds for which requests are gathered: somebody may be looking. */
const GATHER = 100;
/** Milliseconds until an agent that did not take a batch is told again. */
const PAUSE = 1_000;

export interface Deliveries {
  readonly agent: AgentAddress;
  readonly clock: Clock;
  readonly log: Log;
  readonly outbox: Outbox;
}

/** Milliseconds for the last batch, at the end. */
const LAST = 1_000;

/** Delivers until the signal aborts, and once more then. */
export async function deliverObserved(parts: Deliveries, signal: AbortSignal): Promise<void> {
  const { clock, outbox } = parts;
  for await (const _ of outbox.changes.values(signal)) {
    const pause = (await deliver(parts, signal)) ? GATHER : PAUSE;
    await clock.sleep(pause, signal).catch(() => undefined);
  }
  await deliver(parts, AbortSignal.timeout(LAST));
}

/** All there is; false when the agent did not take it. */
async function deliver({ agent, outbox, log }: Deliveries, signal: AbortSignal): Promise<boolean> {
  for (let batch = outbox.take(); batch !== undefined; batch = outbox.take()) {
    try {
      if (await sendObserved(agent, batch, signal)) continue;
      outbox.drop(batch);
      return false;
    } catch (error) {
      outbox.giveBack(batch);
      if (!signal.aborted)
        log.debug("observed requests were not delivered", { error: describeError(error) });
      return false;
    }
  }
  return true;
}
