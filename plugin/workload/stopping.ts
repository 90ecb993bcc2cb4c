// From the `kill` event to the end: when a container counts as being stopped.
import { constants } from "node:os";
import type { ContainerFacts } from "../docker/container-facts.ts";

const ENDING_SIGNALS = new Set(["SIGTERM", "SIGKILL", "SIGINT", "SIGQUIT"]);
/** A container that still runs this long after `docker stop` would have killed it was not being stopped, ms. */
const STOP_MARGIN = 5_000;

/** Whether this signal means the end: Docker sends SIGHUP and others on request, which applications survive. */
export function endsContainer(facts: ContainerFacts, signal: string): boolean {
  const name = signalName(signal);
  return name === signalName(facts.stopSignal) || ENDING_SIGNALS.has(name);
}

/** Whether a container that got its stop signal at `since` (monotonic, ms) is draining now. */
export function isDraining(facts: ContainerFacts, since: number | undefined, now: number): boolean {
  return since !== undefined && now - since < facts.stopTimeout + STOP_MARGIN;
}

/** Events carry numbers, configuration carries names with or without "SIG". */
function signalName(signal: string): string {
  if (!/^\d+$/.test(signal)) return signal.startsWith("SIG") ? signal : `SIG${signal}`;
  const found = Object.entries(constants.signals).find(([, number]) => number === Number(signal));
  return found?.[0] ?? signal;
}
