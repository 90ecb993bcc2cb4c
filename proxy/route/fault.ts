// Faults on purpose: some requests wait, some are answered in place of the service; one has nothing to do with the other.
import type { Fault } from "../../mesh/policy/policy.ts";
import { failureAnswer, type LocalAnswer } from "../failures.ts";
import { happens } from "./percent.ts";
import type { Random } from "./route-target.ts";

/** Statuses of responses that end with their head (RFC 9112 §6.3), or must be empty (RFC 9110 §15.3.6). */
const BODILESS: ReadonlySet<number> = new Set([204, 205, 304]);

/** How long this request waits, ms. */
export function drawDelay({ delay, delayPercent }: Fault, random: Random): number {
  return delay > 0 && happens(delayPercent, random) ? delay : 0;
}

export function drawAbort(fault: Fault, service: string, random: Random): LocalAnswer | undefined {
  const { abort, abortPercent } = fault;
  if (abort === 0 || !happens(abortPercent, random)) return undefined;
  const answer = failureAnswer("FAULT_INJECTED", service);
  return { ...answer, status: abort, text: BODILESS.has(abort) ? "" : answer.text };
}
