// What becomes of the application's requests to one service: the route decides, and the plan says where it leads and under
// which rules. Most requests of a route have the same plan, which is then made once.
import { hashKey, isKeyed } from "./balance/hash-key.ts";
import { StickyTargets } from "./balance/sticky.ts";
import type { OutboundRoute } from "./configuration/outbound-routes.ts";
import type { RequestPlan } from "./http/plan.ts";
import type { MessageHead } from "./http1/message-head.ts";
import type { RouteTarget } from "./route/route-target.ts";
import type { RouteDecision } from "./route/router.ts";

const NOTHING = Buffer.alloc(0);

export class OutboundPlans {
  #decision: RouteDecision | undefined;
  #plan: RequestPlan | undefined;

  /** `caller`: who the calling workload is, for those who hash on that. */
  make(route: OutboundRoute, head: MessageHead, caller: string): RequestPlan {
    const decision = route.router.decide(head);
    if (decision === this.#decision && this.#plan !== undefined) return this.#plan;
    const plan = planOf(decision, route, head, caller);
    if (isKeyed(decision.policy.balance.algorithm) || decision.sticky !== undefined) return plan;
    this.#decision = decision;
    this.#plan = plan;
    return plan;
  }
}

function planOf(
  decision: RouteDecision,
  { host }: OutboundRoute,
  head: MessageHead,
  caller: string,
): RequestPlan {
  const { service, conduct, before, mirror, policy } = decision;
  const { targets, edits } = withCookie(decision, head);
  return {
    ...{ service, targets, conduct, host, before, edits, telemetry: policy },
    key: keyOf(policy, head, caller),
    added: NOTHING,
    forwardedFor: undefined,
    mirror: mirror && planOfCopy(mirror, decision, head, caller),
  };
}

/** A client's cookie binds it to an endpoint. */
function withCookie(
  { targets, sticky, edits }: RouteDecision,
  head: MessageHead,
): Pick<RequestPlan, "targets" | "edits"> {
  if (sticky === undefined) return { targets, edits };
  const bound = new StickyTargets(targets, sticky, head, edits);
  return { targets: bound, edits: bound };
}

/** The copy is changed on its way as the original is. */
function planOfCopy(
  { service, targets, conduct, policy }: RouteTarget,
  { edits }: RouteDecision,
  head: MessageHead,
  caller: string,
): RequestPlan {
  return {
    ...{ service, targets, conduct, edits, host: Buffer.from(service), added: NOTHING },
    telemetry: policy,
    key: keyOf(policy, head, caller),
    forwardedFor: undefined,
    before: undefined,
    mirror: undefined,
  };
}

function keyOf({ balance }: RouteTarget["policy"], head: MessageHead, caller: string): number {
  return isKeyed(balance.algorithm) ? hashKey(balance.hashOn, head, caller) : 0;
}
