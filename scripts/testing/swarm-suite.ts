// Specs on a swarm that they make on this machine, where it can be made; where not, that is said.

import type { Settings } from "../settings.ts";
import { missingForSwarm } from "../swarm/requirements.ts";
import { siteOf } from "../swarm/site.ts";
import { removeSwarm } from "../swarm/swarm.ts";
import { type Count, NOTHING, runSuite, type Suite } from "./suites.ts";

/** Runs the suite, or says why it cannot and counts nothing. */
export async function runSwarmSuite(suite: Suite, signal: AbortSignal): Promise<Count> {
  const missing = await missingForSwarm();
  if (missing === undefined) return await runSuite(suite, signal);
  console.log(`\n— ${suite.title} —\nleft out, since no swarm can be made here: ${missing}`);
  return NOTHING;
}

/** Takes away the swarm of a suite that was ended. Safe to repeat. */
export async function removeTestSwarm(settings: Settings): Promise<void> {
  await removeSwarm(siteOf(settings, "test"));
}
