// People name services in policies as they name them in their compose files: `web`. Sidecars need the catalog's names, and
// must never take another project's service for the one that was meant. Pure.
import type { PolicyDocument } from "../../mesh/policy/document.ts";
import { entryOf, findField } from "../../mesh/policy/fields.ts";
import { joinList, splitList } from "../../mesh/policy/kinds.ts";
import { isServiceName } from "../../mesh/service-name.ts";
import type { DirectoryService } from "../sidecars/directory.ts";

/** Entries of a list of callers at most, as its field has it. */
const CALLERS_MOST = 64;

export type KnownNames = readonly Pick<DirectoryService, "service" | "aliases">[];

/** How names in one project's policies are understood. */
export interface NameResolver {
  /** The catalog name that is meant. */
  readonly resolve: (name: string) => string;
  /** Whether a service of that name is known, or only guessed at. */
  readonly isKnown: (name: string) => boolean;
}

/**
 * A short name of the own project first, then a catalog name; what is neither will be the own project's once it starts,
 * unless it begins as a catalog name of the project does.
 */
export function nameResolver(known: KnownNames, project: string | undefined): NameResolver {
  const own = new Map(
    known.flatMap(({ service, aliases }) =>
      aliases
        .filter((alias) => alias.project === project)
        .map(({ alias }) => [alias, service] as const),
    ),
  );
  const all = new Set(known.map(({ service }) => service));
  const isKnown = (name: string): boolean => own.has(name) || all.has(name);
  const resolve = (name: string): string => {
    const found = own.get(name);
    if (found !== undefined) return found;
    if (all.has(name) || project === undefined || name.startsWith(`${project}-`)) return name;
    const guess = `${project}-${name}`;
    // Together the two may be longer than any service's name.
    return isServiceName(guess) ? guess : name;
  };
  return { resolve, isKnown };
}

/** The document with every service in it by its catalog name; wildcards and whole identities stay. */
export function withCatalogNames(
  document: PolicyDocument,
  { resolve, isKnown }: NameResolver,
): PolicyDocument {
  const renamed = Object.entries(document).map(([name, text]) => {
    const rename = findField(name)?.kind.renameServices;
    if (rename === undefined) return [name, text] as const;
    if (!refuses(name, document)) return [name, rename(text, resolve)] as const;
    // A refusal must hold whichever service turns out to be meant, also before it has been heard of.
    const asWritten = rename(text, (service) => (isKnown(service) ? resolve(service) : service));
    return [name, joinCallers(rename(text, resolve), asWritten)] as const;
  });
  return Object.fromEntries(renamed);
}

/** Whether the field lists callers that are refused. */
function refuses(name: string, document: PolicyDocument): boolean {
  if (name === "deny") return true;
  const rule = entryOf(name);
  return rule?.group === "rule" && document[`rule.${rule.entry}.action`] === "deny";
}

function joinCallers(some: string, others: string): string {
  const all = [...new Set([...splitList(some), ...splitList(others)])];
  return all.length > CALLERS_MOST ? some : joinList(all);
}
