// Which services a policy speaks of, and which of its fields are for whom.
import type { PolicyDocument } from "./document.ts";
import { findField } from "./fields.ts";

/**
 * What the sidecars of callers need of a policy, or that of the callee. Names that are no fields are in both: a sidecar
 * may be newer than who writes.
 */
export function fieldsFor(whom: "caller" | "callee", document: PolicyDocument): PolicyDocument {
  const chosen = Object.entries(document).filter(([name]) => {
    const concerns = findField(name)?.concerns ?? "both";
    return concerns === whom || concerns === "both";
  });
  return Object.fromEntries(chosen);
}

/** The same with every service's name replaced, such as short ones by those of the catalog; `shop-*` stays as it is. */
export function renameServices(
  document: PolicyDocument,
  rename: (service: string) => string,
): PolicyDocument {
  const renamed = Object.entries(document).map(([name, text]): [string, string] => [
    name,
    findField(name)?.kind.renameServices?.(text, rename) ?? text,
  ]);
  return Object.fromEntries(renamed);
}

/** Services that requests may go to instead of, or besides, the one the policy is for; in the order of names. */
export function servicesReached(document: PolicyDocument): readonly string[] {
  const found = new Set<string>();
  renameServices(fieldsFor("caller", document), (service) => {
    found.add(service);
    return service;
  });
  return [...found].sort();
}
