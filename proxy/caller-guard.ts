// What stands between one caller's connection and the application: who may do what, users' tokens, limits. Answers follow
// the configuration in force; where it lets a caller do everything, a request costs one comparison.

import type { CallerAccess } from "./authorize/authorizer.ts";
import { readBearer } from "./authorize/bearer.ts";
import type { Caller } from "./authorize/caller.ts";
import { callerKey } from "./authorize/caller.ts";
import type { Claims } from "./authorize/claims.ts";
import type { Denials } from "./authorize/denials.ts";
import type { Denial } from "./authorize/rule-list.ts";
import type { TokenChecks, TokenVerdict } from "./authorize/token-checks.ts";
import type { Configuration } from "./configuration/configuration.ts";
import type { Access, InboundRoutes } from "./configuration/inbound-routes.ts";
import type { Snapshot } from "./configuration/snapshot.ts";
import type { Counters } from "./counters.ts";
import { FAILURES, type LocalAnswer } from "./failures.ts";
import type { Before } from "./http/plan.ts";
import { MAX_FIELDS, MessageHead } from "./http1/message-head.ts";
import { parseRequestHead } from "./http1/parse-request.ts";
import type { HeadLimits } from "./http1/violation.ts";
import type { Excess, InboundLimits } from "./inbound-limits/inbound-limits.ts";
import { RequestView } from "./match/request-view.ts";

const view = new RequestView();

/** What was let in once was within the usual limits; what we added to it does not count. */
const LIMITS: HeadLimits = {
  head: Number.MAX_SAFE_INTEGER,
  target: Number.MAX_SAFE_INTEGER,
  line: Number.MAX_SAFE_INTEGER,
  fields: MAX_FIELDS,
};

const INVALID_TOKEN = 'www-authenticate: Bearer error="invalid_token"\r\n';

/** As much of a configuration as decides about callers. */
export interface GuardConfiguration {
  readonly snapshot: Pick<Snapshot, "service">;
  readonly inbound: Pick<InboundRoutes, "access" | "accessChanged" | "limits">;
}

/** As much of the data plane as a guard needs. */
export interface GuardPlane<Current> {
  readonly configuration: () => Current | undefined;
  readonly counters: Pick<Counters, "countFailure">;
  readonly denials: Pick<Denials, "note">;
}

export class CallerGuard<Current extends GuardConfiguration = Configuration> {
  readonly #plane: GuardPlane<Current>;
  readonly #caller: Caller;
  readonly #key: string;
  #configuration: Current;
  #rules: Access;
  #access: CallerAccess;
  /** Nothing has to be looked at. */
  #open = false;
  /** Tokens of requests that wait until theirs is verified, once for each. */
  readonly #awaited: string[] = [];

  constructor(plane: GuardPlane<Current>, configuration: Current, caller: Caller) {
    this.#plane = plane;
    this.#caller = caller;
    this.#key = callerKey(caller);
    this.#configuration = configuration;
    this.#rules = configuration.inbound.access;
    this.#access = this.#rules.authorizer.accessOf(caller);
    this.#follow(configuration);
  }

  /** The configuration in force. */
  get configuration(): Current {
    const current = this.#plane.configuration() ?? this.#configuration;
    if (current !== this.#configuration) this.#follow(current);
    return current;
  }

  /** Whether the path that goes on must be the one that was judged. */
  get readsPaths(): boolean {
    return this.#access.readsPaths;
  }

  /** What comes before a request goes on; undefined where nothing does. To be called after {@link configuration}. */
  before(head: MessageHead): Before | undefined {
    if (this.#open) return undefined;
    const { tokens } = this.#rules;
    const seen = view.of(head);
    if (tokens === undefined || this.#access.settled?.enforced === true) {
      return answered(this.#judge(seen, undefined));
    }
    const bearer = readBearer(seen);
    if (bearer.kind !== "token") return answered(this.#withoutToken(tokens, bearer, seen));
    const verdict = tokens.check(bearer.text);
    if (!(verdict instanceof Promise)) return answered(this.#withToken(verdict, seen));
    return { gate: this.#gate(bearer.text, copyHead(head)), delay: 0, answer: undefined };
  }

  /** What ends a request in flight after a change; undefined lets it go on. */
  review(sentHead: Buffer | undefined): LocalAnswer | undefined {
    const { accessChanged } = this.configuration.inbound;
    if (!accessChanged) return undefined;
    const { tokens } = this.#rules;
    const { isSettled, settled } = this.#access;
    if (settled?.enforced === true) return this.#denied(settled);
    const indifferent = isSettled && tokens === undefined;
    const head = indifferent || sentHead === undefined ? undefined : parseHead(sentHead);
    if (head === undefined) return this.#denied(this.#access.decideBlindly());
    const seen = view.of(head);
    if (tokens === undefined) return this.#denied(this.#access.decide(seen, undefined));
    const bearer = readBearer(seen);
    if (bearer.kind !== "token") {
      return this.#missing(tokens, bearer) ?? this.#denied(this.#access.decide(seen, undefined));
    }
    const verdict = tokens.recall(bearer.text);
    // Its gate judges it by what is in force then.
    if (verdict === undefined && this.#awaited.includes(bearer.text)) return undefined;
    const { claims, refused } = verdict ?? FORGOTTEN;
    if (refused !== undefined) return this.#refusedToken(refused);
    return this.#denied(this.#access.decide(seen, claims));
  }

  /** What comes before a byte stream; undefined where nothing does. */
  beforeStream(): Before | undefined {
    return answered(this.#streamRefusal() ?? this.#excess());
  }

  /** Whether a byte stream may begin, which is counted in the limits already. Refusals are counted. */
  admitsStream(): boolean {
    const refusal = this.beforeStream()?.answer;
    if (refusal?.code !== undefined) this.#plane.counters.countFailure(refusal.code);
    return refusal === undefined;
  }

  /** What ends a byte stream after a change; undefined lets it go on. */
  reviewStream(): LocalAnswer | undefined {
    return this.configuration.inbound.accessChanged ? this.#streamRefusal() : undefined;
  }

  #streamRefusal(): LocalAnswer | undefined {
    const { tokens } = this.configuration.inbound.access;
    const denied = this.#denied(this.#access.decideStream());
    if (denied !== undefined || tokens?.policy.required !== true) return denied;
    return this.#refusedToken("a byte stream carries none");
  }

  #follow(configuration: Current): void {
    const { access, limits } = configuration.inbound;
    this.#configuration = configuration;
    if (access !== this.#rules) this.#access = access.authorizer.accessOf(this.#caller);
    this.#rules = access;
    const { isSettled, settled } = this.#access;
    this.#open = isSettled && settled === undefined && access.tokens === undefined && !limits.any;
  }

  get #limits(): InboundLimits {
    return this.#configuration.inbound.limits;
  }

  #judge(seen: RequestView, claims: Claims | undefined): LocalAnswer | undefined {
    return this.#denied(this.#access.decide(seen, claims)) ?? this.#excess();
  }

  #withoutToken(
    tokens: TokenChecks,
    bearer: ReturnType<typeof readBearer>,
    seen: RequestView,
  ): LocalAnswer | undefined {
    return this.#missing(tokens, bearer) ?? this.#judge(seen, undefined);
  }

  #missing(
    { policy }: TokenChecks,
    bearer: ReturnType<typeof readBearer>,
  ): LocalAnswer | undefined {
    if (bearer.kind === "unusable") return this.#refusedToken(bearer.problem);
    return policy.required
      ? this.#refusedToken("there is none", FAILURES.TOKEN_INVALID.fields)
      : undefined;
  }

  #withToken({ claims, refused }: TokenVerdict, seen: RequestView): LocalAnswer | undefined {
    return refused === undefined ? this.#judge(seen, claims) : this.#refusedToken(refused);
  }

  /** Never rejects. What is in force when the token is known decides: no change may come between the two. */
  async #gate(token: string, head: MessageHead | undefined): Promise<LocalAnswer | undefined> {
    if (head === undefined) return this.#refusedToken("the request cannot be read again");
    const seen = new RequestView().of(head);
    this.#awaited.push(token);
    for (;;) {
      const { tokens } = this.configuration.inbound.access;
      const verdict = await tokens?.check(token);
      if (this.configuration.inbound.access.tokens !== tokens) continue;
      this.#awaited.splice(this.#awaited.indexOf(token), 1);
      return verdict === undefined ? this.#judge(seen, undefined) : this.#withToken(verdict, seen);
    }
  }

  #denied(denial: Denial | undefined): LocalAnswer | undefined {
    if (denial === undefined) return undefined;
    const { name } = this.#access;
    this.#plane.denials.note(name, denial.by, denial.enforced);
    if (!denial.enforced) return undefined;
    const text = `docker-mesh: ${this.#service} does not accept this from ${name}\n`;
    const { status } = FAILURES.ACCESS_DENIED;
    return { code: "ACCESS_DENIED", status, fields: "", text, reason: denial.by };
  }

  #refusedToken(problem: string, fields: string = INVALID_TOKEN): LocalAnswer {
    this.#plane.denials.note(this.#access.name, `token: ${problem}`, true);
    const { status, describe } = FAILURES.TOKEN_INVALID;
    const text = `docker-mesh: ${describe(this.#service)}\n`;
    return { code: "TOKEN_INVALID", status, fields, text, reason: problem };
  }

  #excess(): LocalAnswer | undefined {
    const limits = this.#limits;
    const excess = limits.any ? limits.admit(this.#key, performance.now()) : undefined;
    return excess === undefined ? undefined : this.#tooMuch(excess);
  }

  #tooMuch({ code, retryAfter }: Excess): LocalAnswer {
    const { status, describe } = FAILURES[code];
    const text = `docker-mesh: ${describe(this.#service)}\n`;
    return { code, status, fields: `retry-after: ${retryAfter}\r\n`, text };
  }

  get #service(): string {
    return this.#configuration.snapshot.service;
  }
}

const FORGOTTEN: TokenVerdict = { claims: undefined, refused: "it is not known any more" };

function answered(answer: LocalAnswer | undefined): Before | undefined {
  return answer === undefined ? undefined : { gate: undefined, delay: 0, answer };
}

/** The head itself is valid only during the call. */
function copyHead({ bytes, start, end }: MessageHead): MessageHead | undefined {
  return parseHead(Buffer.from(bytes.subarray(start, end)));
}

/** Undefined for what the strict parser would not take. */
function parseHead(bytes: Buffer): MessageHead | undefined {
  const head = new MessageHead();
  return parseRequestHead(head, bytes, 0, bytes.length, LIMITS) === bytes.length ? head : undefined;
}
