// What a caller's sidecar would do with a request: its own code is asked, with the snapshot that it has and its endpoints in
// the states that it reported. Choices that it leaves to chance are made often enough to tell their shares.
import type { Policy, RecoveryPolicy, RoutePolicy } from "../../mesh/policy/policy.ts";
import { seededRandom } from "../../mesh/seeded-random.ts";
import { isKeyed, streamKey } from "../balance/hash-key.ts";
import {
  buildOutbound,
  type OutboundRoute,
  type OutboundRoutes,
} from "../configuration/outbound-routes.ts";
import { placeOf } from "../configuration/place.ts";
import type {
  EndpointReport,
  OutboundPort,
  OutboundService,
  Snapshot,
} from "../configuration/snapshot.ts";
import { FAILURES } from "../failures.ts";
import type { EndpointTarget } from "../health/endpoint-target.ts";
import type { RequestPlan, Target } from "../http/plan.ts";
import type { Destination } from "../http/streams.ts";
import type { MessageHead } from "../http1/message-head.ts";
import { RequestView } from "../match/request-view.ts";
import { OutboundPlans } from "../outbound-plans.ts";
import { unmetConditions } from "./conditions.ts";
import { copyOf } from "./sketch.ts";

export interface CallSketch {
  readonly snapshot: Pick<Snapshot, "outbound" | "instanceId">;
  readonly service: OutboundService;
  readonly port: OutboundPort;
  /** Undefined for a byte stream. */
  readonly head: MessageHead | undefined;
  /** How its endpoints are; those that nothing is said about are well. */
  readonly reports: readonly EndpointReport[];
}

/** One route that was looked at. */
export interface RouteVerdict {
  readonly name: string;
  readonly matched: boolean;
  /** Conditions that the request does not meet. */
  readonly unmet: readonly string[];
}

/** What can become of the request, and of how many of its like, percent. */
export type CallOutcome = { readonly share: number } & (
  | { readonly kind: "endpoint"; readonly id: string }
  /** The sidecar answers itself. `status`: of byte streams, which are broken off, undefined. */
  | {
      readonly kind: "answer";
      readonly status: number | undefined;
      readonly code: string | undefined;
    }
);

export interface CallExplanation {
  /** Up to the one that decides. */
  readonly tried: readonly RouteVerdict[];
  /** The one that decides; undefined: none does. */
  readonly route: RoutePolicy | undefined;
  /** The catalog name of the service that is called in the end, and its policy. */
  readonly service: string;
  readonly policy: Policy;
  /** Whether requests of a kind keep to one endpoint. */
  readonly keyed: boolean;
  /** Most likely first. */
  readonly outcomes: readonly CallOutcome[];
  /** The request as it goes on; undefined for a byte stream. */
  readonly sent: MessageHead | undefined;
}

/** Choices made; their shares are right to about 1 %. */
const DRAWS = 5_000;

/** Nothing is opened: only choices are made. */
const NOWHERE: Destination = {
  key: "nowhere",
  open: () => {
    throw new Error("nothing is sent to explain a call");
  },
  retire: () => undefined,
  close: () => undefined,
};

/** Throws for a service and port that are not of the snapshot. */
export function explainCall(sketch: CallSketch): CallExplanation {
  const { snapshot, service, port, reports, head } = sketch;
  const surroundings = { now: () => performance.now(), random: seededRandom(1) };
  const outbound = buildOutbound(snapshot, undefined, () => NOWHERE, surroundings);
  assumeStates(outbound, reports, surroundings.now());
  const route = outbound.routes.get(placeOf(service.address, port.listenPort));
  if (route === undefined) throw new Error("the service is not of the snapshot");
  return head === undefined
    ? explainStream(route, snapshot.instanceId)
    : explainRequest(route, head, snapshot.instanceId);
}

function explainRequest(
  route: OutboundRoute,
  head: MessageHead,
  instanceId: string,
): CallExplanation {
  const { routes } = route.conduct.policy;
  const decision = route.router.decide(head);
  const decisive = routes.find(({ name }) => name === decision.route);
  const view = new RequestView().of(head);
  const seen = decisive === undefined ? routes : routes.slice(0, routes.indexOf(decisive) + 1);
  const plans = new OutboundPlans();
  const outcomes = tally(() => outcomeOf(plans.make(route, head, instanceId)));
  return {
    tried: seen.map((each) => ({
      name: each.name,
      matched: each === decisive,
      unmet: unmetConditions(each.match, view, "route"),
    })),
    route: decisive,
    ...{ service: decision.service, policy: decision.policy, outcomes },
    keyed: isKeyed(decision.policy.balance.algorithm) || decision.sticky !== undefined,
    sent: decision.edits === undefined ? head : copyOf(decision.edits.request(head)),
  };
}

function explainStream(
  { service: { service }, places, conduct }: OutboundRoute,
  instanceId: string,
): CallExplanation {
  const { policy } = conduct;
  const key = streamKey(policy.balance, instanceId);
  const outcomes = tally(() => reached(places.draw().next(key, [], false), undefined));
  return {
    ...{ tried: [], route: undefined, service, policy, outcomes, sent: undefined },
    keyed: isKeyed(policy.balance.algorithm),
  };
}

type Drawn = CallOutcome extends infer One
  ? One extends unknown
    ? Omit<One, "share">
    : never
  : never;

function outcomeOf({ before, targets, key }: RequestPlan): Drawn {
  const answer = before?.answer;
  if (answer !== undefined) return { kind: "answer", status: answer.status, code: answer.code };
  return reached(targets.next(key, [], true), FAILURES[NOBODY].status);
}

const NOBODY = "NO_HEALTHY_ENDPOINT";

function reached(target: Target | undefined, status: number | undefined): Drawn {
  if (target !== undefined) return { kind: "endpoint", id: target.id };
  return { kind: "answer", status, code: NOBODY };
}

function tally(draw: () => Drawn): CallOutcome[] {
  const counts = new Map<string, number>();
  for (let number = 0; number < DRAWS; number += 1) {
    const drawn = JSON.stringify(draw());
    counts.set(drawn, (counts.get(drawn) ?? 0) + 1);
  }
  return [...counts]
    .sort(([a, left], [b, right]) => right - left || (a < b ? -1 : 1))
    .map(([drawn, count]) => ({
      ...(JSON.parse(drawn) as Drawn),
      share: rounded((count * 100) / DRAWS),
    }));
}

/** Whole percent; below one a tenth of them. */
function rounded(percent: number): number {
  return percent >= 1 ? Math.round(percent) : Math.max(0.1, Math.round(percent * 10) / 10);
}

/** Endpoints come to be as they were reported. One that is probed has its one request already. */
function assumeStates(
  { services }: OutboundRoutes,
  reports: readonly EndpointReport[],
  now: number,
): void {
  for (const report of reports) {
    const known = services.get(report.service);
    const called = known?.ports.get(report.port);
    const members = called?.targets(undefined).members ?? [];
    const target = members.find(({ id }) => id === report.id);
    if (known !== undefined && target !== undefined)
      assumeState(target, report, known.conduct.policy.recovery, now);
  }
}

function assumeState(
  { health }: EndpointTarget,
  { state, reason, share }: EndpointReport,
  { initialWeight, ramp }: RecoveryPolicy,
  now: number,
): void {
  if (state === "healthy") return;
  health.eject(reason, Number.POSITIVE_INFINITY, now);
  if (state === "ejected") return;
  health.startProbing(now);
  health.begin(now);
  if (state === "probing") return;
  const progress = (share - initialWeight) / Math.max(1, 100 - initialWeight);
  health.startRecovering(now - ramp * Math.min(Math.max(progress, 0), 0.99));
}
