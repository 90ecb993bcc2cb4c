// From the `kill` event to the end: when a container counts as being stopped.
import { constants } from "node:os";
import type { ContainerFacts } from "../docker/container-facts.ts";

/** Not SIGQUIT, by which people ask a JVM for its threads: it ends only those that have it as their stop signal. */
const ENDING_SIGNALS: readonly number[] = [
  constants.signals.SIGTERM,
  constants.signals.SIGKILL,
  constants.signals.SIGINT,
];
/** Real-time signals, as the engine counts them. */
const REAL_TIME = { RTMIN: 34, RTMAX: 64 } as const;
/** `docker stop -t` may allow more time than the container's own setting, and nothing tells how much, ms. */
const SHORTEST_DRAIN = 60_000;
/** A container that still runs this long after `docker stop` would have killed it was not being stopped, ms. */
const STOP_MARGIN = 5_000;

/** Whether this signal means the end: Docker sends SIGHUP and others on request, which applications survive. */
export function endsContainer(facts: ContainerFacts, signal: string): boolean {
  const number = signalNumber(signal);
  return (
    number !== undefined && [...ENDING_SIGNALS, signalNumber(facts.stopSignal)].includes(number)
  );
}

/** Whether a container that got its stop signal at `since` (monotonic, ms) is draining now. */
export function isDraining(facts: ContainerFacts, since: number | undefined, now: number): boolean {
  return (
    since !== undefined && now - since < Math.max(facts.stopTimeout, SHORTEST_DRAIN) + STOP_MARGIN
  );
}

/** Events carry numbers; configuration carries numbers, names with or without "SIG" in any case, and `SIGRTMIN+3`. */
function signalNumber(signal: string): number | undefined {
  if (/^\d+$/.test(signal)) return Number(signal);
  const name = signal.toUpperCase().replace(/^SIG/, "");
  const [, base, offset = "0"] = /^(RTMIN|RTMAX)([+-]\d+)?$/.exec(name) ?? [];
  if (base === "RTMIN" || base === "RTMAX") return REAL_TIME[base] + Number(offset);
  const numbers: Readonly<Record<string, number>> = constants.signals;
  return Object.hasOwn(numbers, `SIG${name}`) ? numbers[`SIG${name}`] : undefined;
}
