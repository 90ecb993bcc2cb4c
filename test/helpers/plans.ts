// What tests say where a policy is not what they are about.
import { DEFAULT_POLICY } from "../../mesh/policy/read-policy.ts";
import { FixedTargets } from "../../proxy/balance/fixed-targets.ts";
import type { Endpoint, Snapshot } from "../../proxy/configuration/snapshot.ts";
import type { Conduct, RequestPlan } from "../../proxy/http/plan.ts";
import type { Destination } from "../../proxy/http/streams.ts";
import { UNLIMITED } from "../../proxy/resilience/unlimited.ts";

/** No limits, and as many tries as by default; none of them waits. */
const TRYING: Conduct = {
  ...UNLIMITED,
  retries: { ...DEFAULT_POLICY.retries, backoff: 0, maxBackoff: 0 },
};

/** A plan that goes to these destinations, in this order, under no limits. */
export function planFor(
  destinations: readonly Destination[],
  parts: Partial<RequestPlan> = {},
): RequestPlan {
  return {
    ...{ service: "shop-orders", targets: new FixedTargets(destinations), key: 0 },
    ...{ conduct: TRYING, host: Buffer.from("shop-orders"), added: Buffer.alloc(0) },
    ...{ forwardedFor: undefined, before: undefined, edits: undefined, mirror: undefined },
    telemetry: DEFAULT_POLICY,
    ...parts,
  };
}

/** The parts of a snapshot about policy, when there is none. */
export const NO_POLICY: Pick<Snapshot, "policy" | "intentions" | "jwks"> = {
  policy: {},
  intentions: { defaultAction: "allow", list: [] },
  jwks: undefined,
};

/** An endpoint like any other. */
export function endpoint(parts: Pick<Endpoint, "id" | "address" | "port">): Endpoint {
  return { ...parts, version: undefined, weight: 1, sameNode: true };
}
