// Who called, and how exactly a rule speaks of that caller.
import { parseIdentity } from "../../mesh/identity.ts";
import type { CallerMatch } from "../../mesh/policy/policy.ts";

/** A SPIFFE id, or just an address. */
export type Caller =
  | { readonly kind: "authenticated"; readonly uri: string }
  | { readonly kind: "anonymous"; readonly address: string };

/** What tells one caller from another. */
export function callerKey(caller: Caller): string {
  return caller.kind === "authenticated" ? caller.uri : caller.address;
}

/** The catalog name behind a caller; undefined for one without identity, or of another trust domain. */
export function serviceOf(caller: Caller, trustDomain: string): string | undefined {
  if (caller.kind === "anonymous") return undefined;
  const identity = parseIdentity(caller.uri);
  return identity.trustDomain === trustDomain ? identity.service : undefined;
}

/** How a caller is called in logs and answers. */
export function describeCaller(caller: Caller, trustDomain: string): string {
  if (caller.kind === "anonymous") return `a caller without identity (${caller.address})`;
  return serviceOf(caller, trustDomain) ?? caller.uri;
}

const EVERYBODY = 1;
/** More than any prefix has characters. */
const EXACTLY = 1_000;

/** How exactly the most exact of the matches speaks of the caller; 0 when none does. */
export function exactness(
  matches: readonly CallerMatch[],
  caller: Caller,
  service: string | undefined,
): number {
  let most = 0;
  for (const match of matches) most = Math.max(most, exactnessOf(match, caller, service));
  return most;
}

function exactnessOf(match: CallerMatch, caller: Caller, service: string | undefined): number {
  switch (match.kind) {
    case "any":
      return EVERYBODY;
    case "anonymous":
      return caller.kind === "anonymous" ? EXACTLY : 0;
    case "service":
      return service === match.text ? EXACTLY : 0;
    case "prefix":
      return service?.startsWith(match.text) ? EVERYBODY + match.text.length : 0;
    case "uri":
      return caller.kind === "authenticated" && caller.uri === match.text ? EXACTLY : 0;
  }
}
