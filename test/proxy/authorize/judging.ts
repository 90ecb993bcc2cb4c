// Decisions about callers in a line each, for tests.
import type { PolicyDocument } from "../../../mesh/policy/document.ts";
import { readPolicy } from "../../../mesh/policy/read-policy.ts";
import { Authorizer, type CallerAccess } from "../../../proxy/authorize/authorizer.ts";
import type { Caller } from "../../../proxy/authorize/caller.ts";
import type { Claims } from "../../../proxy/authorize/claims.ts";
import type { Denial } from "../../../proxy/authorize/rule-list.ts";
import type { OwnIntentions } from "../../../proxy/configuration/snapshot.ts";
import { RequestView } from "../../../proxy/match/request-view.ts";
import { TRUST_DOMAIN, uriOf } from "../../helpers/certificates.ts";
import { NO_POLICY } from "../../helpers/plans.ts";
import { requestHead } from "../http1/heads.ts";

export const ANONYMOUS: Caller = { kind: "anonymous", address: "198.18.0.9" };

/** A caller by its service's name; `anonymous`, or a whole SPIFFE id. */
export function callerNamed(name: string): Caller {
  if (name === "anonymous") return ANONYMOUS;
  return { kind: "authenticated", uri: name.startsWith("spiffe:") ? name : uriOf(name) };
}

export function accessTo(
  policy: PolicyDocument,
  caller: string,
  intentions: OwnIntentions = NO_POLICY.intentions,
): CallerAccess {
  const { access } = readPolicy(policy, "lenient").policy;
  const parts = { service: "shop-orders", trustDomain: TRUST_DOMAIN, access, intentions };
  return new Authorizer(parts).accessOf(callerNamed(caller));
}

/** A request in the form `GET /path`, with field lines. */
export function requestView(line = "GET /", ...fields: readonly string[]): RequestView {
  return new RequestView().of(requestHead(`${line} HTTP/1.1`, "host: shop-orders", ...fields));
}

/** `allowed`, what denies, or what would with ` (audit)` behind it. */
export function outcome(denial: Denial | undefined): string {
  if (denial === undefined) return "allowed";
  return denial.enforced ? denial.by : `${denial.by} (audit)`;
}

export function judge(access: CallerAccess, view: RequestView, claims?: Claims): string {
  return outcome(access.decide(view, claims));
}
