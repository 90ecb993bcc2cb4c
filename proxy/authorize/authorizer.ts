// Whether a caller may do what it asks for: Consul's intentions and the own service's rules must both allow it. Made once
// for each change of either; what is the same for all requests of a caller is worked out once for each caller.
import type { AccessPolicy } from "../../mesh/policy/policy.ts";
import type { OwnIntentions } from "../configuration/snapshot.ts";
import type { RequestView } from "../match/request-view.ts";
import { type Caller, describeCaller, serviceOf } from "./caller.ts";
import type { Claims } from "./claims.ts";
import { Intentions } from "./intentions.ts";
import { OwnRules } from "./own-rules.ts";
import type { Denial, Rules } from "./rule-list.ts";

export interface AuthorizerParts {
  /** The own service's catalog name. */
  readonly service: string;
  readonly trustDomain: string;
  readonly access: AccessPolicy;
  readonly intentions: OwnIntentions;
}

export class Authorizer {
  readonly #trustDomain: string;
  readonly #intentions: Intentions;
  readonly #rules: OwnRules;

  constructor({ service, trustDomain, access, intentions }: AuthorizerParts) {
    this.#trustDomain = trustDomain;
    this.#intentions = new Intentions(intentions, service);
    this.#rules = new OwnRules(access);
  }

  /** To be kept with the caller's connection. */
  accessOf(caller: Caller): CallerAccess {
    const service = serviceOf(caller, this.#trustDomain);
    return new CallerAccess(
      describeCaller(caller, this.#trustDomain),
      this.#intentions.for(service),
      this.#rules.for(caller, service),
    );
  }
}

const UNREADABLE_PATH = "a path that cannot be judged";

/** What one caller may do. Answers are the denial to report, enforced or not; undefined where nothing speaks against it. */
export class CallerAccess {
  /** For logs and answers. */
  readonly name: string;
  /** Whether {@link settled} is the answer to every request. */
  readonly isSettled: boolean;
  readonly settled: Denial | undefined;
  /** Whether the answer depends on paths, so that what was judged has to be what goes on. */
  readonly readsPaths: boolean;
  readonly #intentions: Rules;
  readonly #rules: Rules;

  constructor(name: string, intentions: Rules, rules: Rules) {
    this.name = name;
    this.#intentions = intentions;
    this.#rules = rules;
    this.readsPaths = intentions.readsPaths || rules.readsPaths;
    // Where nothing depends on the request a byte stream says as much as one.
    const byIntentions = intentions.fixed ? intentions.decideStream() : undefined;
    const byRules = rules.fixed ? rules.decideStream() : undefined;
    const refused = [byIntentions, byRules].find((denial) => denial?.enforced === true);
    this.isSettled = refused !== undefined || (intentions.fixed && rules.fixed);
    this.settled = refused ?? byRules;
  }

  decide(view: RequestView, claims: Claims | undefined): Denial | undefined {
    if (this.isSettled) return this.settled;
    const byIntentions = decide(this.#intentions, view, claims);
    return byIntentions ?? decide(this.#rules, view, claims);
  }

  /** About bytes that are no request. */
  decideStream(): Denial | undefined {
    if (this.isSettled) return this.settled;
    return this.#intentions.decideStream() ?? this.#rules.decideStream();
  }

  /** About a request in flight that cannot be looked at again. */
  decideBlindly(): Denial | undefined {
    if (this.isSettled) return this.settled;
    return this.#intentions.decideBlindly() ?? this.#rules.decideBlindly();
  }
}

function decide(rules: Rules, view: RequestView, claims: Claims | undefined): Denial | undefined {
  if (rules.readsPaths && view.path === undefined) {
    return { by: UNREADABLE_PATH, enforced: rules.enforced };
  }
  return rules.decide(view, claims);
}
