// A request within a node is told by the sidecars at both of its ends. To see it once, one of the two is left out: the callee's,
// since the caller's knows of tries, and of what never arrived; but of what the callee's sidecar decides that one knows the reason.
import type { TappedRequest } from "./tap-event.ts";

/** What is on the node whose sidecars are heard. */
export interface Locality {
  /** Whether all copies of the service are; false for one of which none is known. */
  readonly isWhollyHere: (service: string) => boolean;
  readonly isInstanceHere: (instanceId: string) => boolean;
}

type Told = Pick<TappedRequest, "reporter" | "source" | "endpoint" | "failure" | "tries">;

const CALLEE_DECIDES: readonly TappedRequest["failure"][] = [
  ...(["ACCESS_DENIED", "TOKEN_INVALID", "RATE_LIMITED"] as const),
];

/**
 * Whether the sidecar at the other end tells it, too, and is to be preferred. Where a caller has copies on several nodes it cannot
 * be told from the callee's end which of them called: then the callee's is preferred where it is heard.
 */
export function isRepeated(told: Told, { isWhollyHere, isInstanceHere }: Locality): boolean {
  const { reporter, source, endpoint, failure, tries } = told;
  const calleeDecides = CALLEE_DECIDES.includes(failure);
  if (reporter === "destination") return !calleeDecides && isWhollyHere(source);
  const hasArrived = failure === undefined && tries.length === 0;
  return isInstanceHere(endpoint) && (calleeDecides || (hasArrived && !isWhollyHere(source)));
}
