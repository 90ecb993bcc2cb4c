// Several documents become the one in force, field by field, and each field says whence it came.
import type { EffectiveField, PolicyDocument, PolicySource } from "./document.ts";
import { SINGLE_FIELDS } from "./fields.ts";

/** A document and where it comes from. */
export interface PolicyLayer {
  readonly source: PolicySource;
  readonly document: PolicyDocument;
}

export interface ResolvedPolicy {
  /** Every field that there is one of, defaults included, and those of routes and rules that are given. */
  readonly document: PolicyDocument;
  /** The same with sources; both in the order of names. */
  readonly fields: readonly EffectiveField[];
}

/** Weakest layer first; what a later one says replaces what an earlier one said. Names that are no fields are kept. */
export function resolvePolicy(layers: readonly PolicyLayer[]): ResolvedPolicy {
  const fields = new Map<string, EffectiveField>();
  for (const { name, fallback } of SINGLE_FIELDS) {
    fields.set(name, { field: name, value: fallback, source: "default" });
  }
  for (const { source, document } of layers) {
    for (const [field, value] of Object.entries(document)) {
      fields.set(field, { field, value, source });
    }
  }
  const sorted = [...fields.values()].sort((left, right) => (left.field < right.field ? -1 : 1));
  return {
    document: Object.fromEntries(sorted.map(({ field, value }) => [field, value])),
    fields: sorted,
  };
}
