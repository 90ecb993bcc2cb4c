// Where requests for one service go, and what happens to them on the way: the first of its routes that matches decides,
// without one the service's own split and failover do. Everything that is the same for all requests is made ready when the
// configuration is built; for a request there is little more to do than to match and to draw.
import type { Policy, RoutePolicy } from "../../mesh/policy/policy.ts";
import { EndpointGroup } from "../balance/endpoint-group.ts";
import type { StickyChoice } from "../balance/sticky.ts";
import type { Before, Conduct, Edits, Targets } from "../http/plan.ts";
import type { MessageHead } from "../http1/message-head.ts";
import { type CompiledMatch, compileMatch, matches } from "../match/matches.ts";
import { RequestView } from "../match/request-view.ts";
import { drawAbort, drawDelay } from "./fault.ts";
import { Mirroring } from "./mirror.ts";
import { Places } from "./places.ts";
import { redirectAnswer } from "./redirect.ts";
import { routeEdits } from "./route-edits.ts";
import { NO_TARGETS, type Random, type RouteLookup, type RouteTarget } from "./route-target.ts";

/** What a request's plan is made of. Immutable: most requests of a route get the same one. */
export interface RouteDecision {
  /** The route's name, for reports; empty when none matched. */
  readonly route: string;
  /** The catalog name of the service that is called in the end, with its policy, on which the key for hashing rests. */
  readonly service: string;
  readonly policy: Policy;
  readonly targets: Targets;
  /** Where a client's cookie may lead in place of them; undefined where the service has none. */
  readonly sticky: StickyChoice | undefined;
  /** The target service's, with what the route puts in place of it. */
  readonly conduct: Conduct;
  readonly before: Before | undefined;
  readonly edits: Edits | undefined;
  readonly mirror: RouteTarget | undefined;
}

/** One service's routes. */
export class Router {
  readonly #routes: readonly Route[];
  readonly #rest: Way;
  readonly #view = new RequestView();

  /** `own` is the called service, all versions; `lookup` must not find a service that is not there. */
  constructor(own: RouteTarget, lookup: RouteLookup, random: Random) {
    const { routes } = own.policy;
    this.#routes = routes.map((route) => new Route(route, own, lookup, random));
    this.#rest = new Way(undefined, own, lookup, random);
  }

  decide(head: MessageHead): RouteDecision {
    const routes = this.#routes;
    if (routes.length === 0) return this.#rest.decide(head);
    const view = this.#view.of(head);
    for (const { match, way } of routes) if (matches(match, view, "route")) return way.decide(head);
    return this.#rest.decide(head);
  }
}

class Route {
  readonly match: CompiledMatch;
  readonly way: Way;

  constructor(route: RoutePolicy, own: RouteTarget, lookup: RouteLookup, random: Random) {
    this.match = compileMatch(route.match);
    this.way = new Way({ ...route, match: this.match }, own, lookup, random);
  }
}

/** What happens to the requests of one route, or of none. */
class Way {
  /** What all requests have in common. */
  readonly #common: RouteDecision;
  readonly #route: RoutePolicy | undefined;
  readonly #places: Places;
  readonly #mirroring: Mirroring | undefined;
  readonly #random: Random;
  /** Whether requests differ in anything. */
  readonly #varies: boolean;

  constructor(
    route: RoutePolicy | undefined,
    own: RouteTarget,
    lookup: RouteLookup,
    random: Random,
  ) {
    const target = targetOf(route?.service, own, lookup);
    const { service, policy, conduct } = target;
    this.#route = route;
    this.#places = new Places(route, target, lookup, random);
    this.#mirroring = Mirroring.to(route?.mirror, lookup, random);
    this.#random = random;
    this.#varies =
      this.#places.several ||
      this.#mirroring !== undefined ||
      (route && interferes(route)) === true;
    this.#common = {
      ...{ route: route?.name ?? "", service, policy },
      targets: this.#places.draw(),
      sticky: stickyChoice(target, this.#places),
      conduct: route === undefined ? conduct : routeConduct(route, conduct),
      before: undefined,
      edits: route && routeEdits(route),
      mirror: undefined,
    };
  }

  decide(head: MessageHead): RouteDecision {
    const common = this.#common;
    if (!this.#varies) return common;
    return {
      route: common.route,
      service: common.service,
      policy: common.policy,
      targets: this.#places.draw(),
      sticky: common.sticky,
      conduct: common.conduct,
      before: this.#before(head),
      edits: common.edits,
      mirror: this.#mirroring?.draw(),
    };
  }

  #before(head: MessageHead): Before | undefined {
    const route = this.#route;
    if (route === undefined || !interferes(route)) return undefined;
    const { fault, redirect } = route;
    const delay = drawDelay(fault, this.#random);
    let answer = drawAbort(fault, this.#common.service, this.#random);
    if (redirect !== undefined) answer ??= redirectAnswer(redirect, head.targetText());
    return delay === 0 && answer === undefined ? undefined : { gate: undefined, delay, answer };
  }
}

function interferes({ fault, redirect }: RoutePolicy): boolean {
  return fault.delay > 0 || fault.abort > 0 || redirect !== undefined;
}

/** A service that is not there has no endpoints; nothing takes its place. */
function targetOf(service: string | undefined, own: RouteTarget, lookup: RouteLookup): RouteTarget {
  if (service === undefined) return own;
  const policy = { ...own.policy, split: [], failover: [] };
  return lookup(service, undefined) ?? { ...own, service, targets: NO_TARGETS, policy };
}

function stickyChoice({ policy }: RouteTarget, { services }: Places): StickyChoice | undefined {
  const { stickyCookie: cookie } = policy.balance;
  const places = services.flatMap(({ targets: group, versions }) =>
    group instanceof EndpointGroup ? { group, versions } : [],
  );
  return cookie === "" || places.length === 0 ? undefined : { cookie, places };
}

/** One object for all requests of the route: limits and budget stay those of the service. */
function routeConduct(route: RoutePolicy, conduct: Conduct): Conduct {
  const { timeout, perTryTimeout, attempts, retryOn } = route;
  const { timeouts, retries, breaker, budget } = conduct;
  const { request, perTry } = timeouts;
  return {
    timeouts: { ...timeouts, request: timeout ?? request, perTry: perTryTimeout ?? perTry },
    retries: { ...retries, attempts: attempts ?? retries.attempts, on: retryOn ?? retries.on },
    breaker,
    budget,
  };
}
