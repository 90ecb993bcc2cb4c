// Which core does what: every proxy under test on one, everything else (load generator, backend, this program) on the
// other. Both members of a pair share the proxies' core, so that processor time and capacity tell the same story.
import { availableParallelism } from "node:os";
import { run, SetupError } from "../../scripts/command.ts";

export const PROXY_CORE = 0;
export const LOAD_CORE = 1;

/** A command that runs on one core only. */
export function pinned(core: number, command: readonly string[]): readonly string[] {
  return ["taskset", "--cpu-list", `${core}`, ...command];
}

/** Keeps this program, and what it starts without saying otherwise, off the proxies' core. */
export async function leaveProxyCore(): Promise<void> {
  if (availableParallelism() < 2) {
    throw new SetupError("expected two cores, one for the proxies and one for the load, found one");
  }
  await run("taskset", ["--all-tasks", "--cpu-list", "--pid", `${LOAD_CORE}`, `${process.pid}`]);
}
