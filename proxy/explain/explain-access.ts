// What a callee's sidecar would say to a request: the guard that stands before its application is asked, with the rules and
// intentions that it has.
import type { AccessRule, Policy } from "../../mesh/policy/policy.ts";
import { readPolicy } from "../../mesh/policy/read-policy.ts";
import { type Caller, exactness, serviceOf } from "../authorize/caller.ts";
import { intentionFor } from "../authorize/intentions.ts";
import { CallerGuard, type GuardPlane } from "../caller-guard.ts";
import { buildInbound, type InboundSnapshot } from "../configuration/inbound-routes.ts";
import type { OwnIntention } from "../configuration/snapshot.ts";
import type { LocalAnswer } from "../failures.ts";
import type { MessageHead } from "../http1/message-head.ts";
import { RequestView } from "../match/request-view.ts";
import { unmetConditions } from "./conditions.ts";

export interface AccessSketch {
  readonly callee: Omit<InboundSnapshot, "inbound">;
  /** The caller's SPIFFE id. */
  readonly caller: string;
  /** Undefined for a byte stream. */
  readonly head: MessageHead | undefined;
}

/** One rule of the callee's that speaks of the caller. */
export interface RuleVerdict {
  /** `allow`, `deny`, or the name after `rule.`. */
  readonly name: string;
  readonly action: "allow" | "deny";
  /** Whether all of its conditions hold, those about claims of users aside. */
  readonly matched: boolean;
  readonly unmet: readonly string[];
  readonly asksForClaims: boolean;
}

export interface AccessExplanation {
  /** `audited`: it would be refused, and is only reported. */
  readonly decision: "allowed" | "audited" | "refused";
  /** What refuses: a rule, an intention, a token; undefined where nothing does. */
  readonly by: string | undefined;
  /** Undefined where it gets in, and for byte streams, which are broken off. */
  readonly status: number | undefined;
  readonly code: string | undefined;
  readonly defaultIntention: "allow" | "deny";
  /** The one that decides about this caller; undefined: the default does. */
  readonly intention: OwnIntention | undefined;
  /** Those that speak of the caller. */
  readonly rules: readonly RuleVerdict[];
  /** Whether a user's token is asked for. */
  readonly token: "none" | "optional" | "required";
}

interface Note {
  readonly by: string;
  readonly enforced: boolean;
}

/** A user's token among the request's headers is verified with the callee's keys. */
export async function explainAccess(sketch: AccessSketch): Promise<AccessExplanation> {
  const { callee, head } = sketch;
  const caller: Caller = { kind: "authenticated", uri: sketch.caller };
  const { policy } = readPolicy(callee.policy, "lenient");
  const service = serviceOf(caller, callee.certificates.trustDomain);
  const { answer, note } = await askGuard(callee, caller, head);
  const { defaultAction, list } = callee.intentions;
  return {
    decision: answer === undefined ? (note === undefined ? "allowed" : "audited") : "refused",
    ...{ by: note?.by, status: head === undefined ? undefined : answer?.status },
    code: answer?.code,
    ...{ defaultIntention: defaultAction, intention: intentionFor(list, service) },
    rules: policy.access.rules
      .filter(({ callers }) => exactness(callers, caller, service) > 0)
      .map((rule) => judgeRule(rule, head)),
    token: tokenOf(policy),
  };
}

async function askGuard(
  callee: AccessSketch["callee"],
  caller: Caller,
  head: MessageHead | undefined,
): Promise<{ readonly answer: LocalAnswer | undefined; readonly note: Note | undefined }> {
  const notes: Note[] = [];
  const plane: GuardPlane<never> = {
    configuration: () => undefined,
    counters: { countFailure: () => undefined },
    denials: { note: (_caller, by, enforced) => void notes.push({ by, enforced }) },
  };
  const snapshot = { ...callee, inbound: [] };
  const inbound = buildInbound(snapshot, NO_APPLICATION, undefined);
  const guard = new CallerGuard(plane, { snapshot, inbound }, caller);
  const before = head === undefined ? guard.beforeStream() : guard.before(head);
  const answer = before?.gate === undefined ? before?.answer : await before.gate;
  return { answer, note: notes.at(-1) };
}

const NO_APPLICATION = {
  application: () => {
    throw new Error("no port is opened to explain access");
  },
};

function judgeRule(rule: AccessRule, head: MessageHead | undefined): RuleVerdict {
  const { name, action, match, claims } = rule;
  const view = head && new RequestView().of(head);
  const unmet = view === undefined ? [] : unmetConditions(match, view, action);
  return { name, action, matched: unmet.length === 0, unmet, asksForClaims: claims.length > 0 };
}

function tokenOf({ jwt }: Policy): AccessExplanation["token"] {
  if (jwt === undefined) return "none";
  return jwt.required ? "required" : "optional";
}
