// Following the agent: every snapshot it publishes, for as long as the sidecar lives. With the agent gone nothing
// changes: the snapshot in force stays, and connecting is tried again and again.
import { Backoff } from "../../mesh/backoff.ts";
import type { Clock } from "../../mesh/clock.ts";
import { describeError } from "../../mesh/errors.ts";
import type { Log } from "../../mesh/log.ts";
import { type AgentAddress, readSnapshotLines } from "./agent-channel.ts";

/** Milliseconds between attempts to reach the agent. */
const RECONNECT = { base: 50, max: 2_000 } as const;

export interface SnapshotSource {
  readonly agent: AgentAddress;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Gives each line of the agent's stream to `receive`, reconnecting for ever; resolves when the signal aborts. Where `receive`
 * says that it can make nothing of what comes next (false) it asks anew, since each stream begins with a whole snapshot.
 */
export async function followSnapshots(
  { agent, clock, log }: SnapshotSource,
  receive: (line: string) => boolean,
  signal: AbortSignal,
): Promise<void> {
  const backoff = new Backoff(RECONNECT);
  let told = false;
  while (!signal.aborted) {
    try {
      for await (const line of readSnapshotLines(agent, signal)) {
        told = false;
        if (!receive(line)) break;
        backoff.reset();
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!told) log.warn("the agent cannot be reached", { error: describeError(error) });
      told = true;
    }
    await clock.sleep(backoff.next(), signal).catch(() => undefined);
  }
}
