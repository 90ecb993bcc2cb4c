// The policy in force of one service, from all who have a say in it, as its sidecars and those of its callers need it. Pure.
import type { EffectiveField, PolicyDocument } from "../../mesh/policy/document.ts";
import { findField } from "../../mesh/policy/fields.ts";
import type { GatewayPolicy, Policy } from "../../mesh/policy/policy.ts";
import { readPolicy } from "../../mesh/policy/read-policy.ts";
import { resolvePolicy } from "../../mesh/policy/resolve.ts";
import type { CallerPolicy } from "../sidecars/outbound.ts";
import { type NameResolver, withCatalogNames } from "./service-names.ts";

/** What each source says; the order of strength is that of {@link resolvePolicy}. */
export interface PolicySources {
  readonly mesh: PolicyDocument;
  readonly label: PolicyDocument;
  readonly policy: PolicyDocument;
}

export interface EffectivePolicy {
  /** For the sidecars of its callers. */
  readonly caller: CallerPolicy;
  /** For its own sidecars. */
  readonly callee: PolicyDocument;
  /** How gateways publish it. */
  readonly gateway: GatewayPolicy;
  /** Where the public keys of its users' tokens are. */
  readonly keySet: string | undefined;
  /** What contradicts itself now that all sources are together, each a sentence. */
  readonly problems: readonly string[];
}

/** Every field with its value as people wrote it, and the source of it. */
export function explainPolicy({ mesh, label, policy }: PolicySources): readonly EffectiveField[] {
  return resolveSources({ mesh, label, policy }).fields;
}

export function effectivePolicy(sources: PolicySources, names: NameResolver): EffectivePolicy {
  const document = withCatalogNames(resolveSources(sources).document, names);
  const { policy, problems } = readPolicy(document, "lenient");
  return {
    caller: { document: concerning("caller", document), services: servicesOf(policy) },
    callee: concerning("callee", document),
    gateway: policy.gateway,
    keySet: policy.jwt?.jwks,
    problems: problems.map(({ field, message }) => `${field}: ${message}`),
  };
}

function resolveSources({ mesh, label, policy }: PolicySources): ReturnType<typeof resolvePolicy> {
  return resolvePolicy([
    { source: "mesh", document: mesh },
    { source: "label", document: label },
    { source: "policy", document: policy },
  ]);
}

/** The fields that a side needs. */
function concerning(side: "caller" | "callee", document: PolicyDocument): PolicyDocument {
  return Object.fromEntries(
    Object.entries(document).filter(([name]) => {
      const concerns = findField(name)?.concerns ?? "both";
      return concerns === "both" || concerns === side;
    }),
  );
}

/** All services that requests to this one may be led to. */
function servicesOf({ failover, routes }: Policy): readonly string[] {
  const led = routes.flatMap((route) => [
    ...[route.service, route.mirror?.service].filter((service) => service !== undefined),
    ...route.failover,
  ]);
  return [...new Set([...failover, ...led])].sort();
}
