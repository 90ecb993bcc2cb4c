// What is different between two documents.
import type { PolicyDocument } from "./document.ts";

/** Undefined where the document does not name the field. */
export interface FieldChange {
  readonly field: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** In the order of names; empty for documents that say the same. */
export function diffDocuments(
  before: PolicyDocument,
  after: PolicyDocument,
): readonly FieldChange[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names
    .map((field) => ({ field, before: textOf(before, field), after: textOf(after, field) }))
    .filter((change) => change.before !== change.after);
}

function textOf(document: PolicyDocument, field: string): string | undefined {
  return Object.hasOwn(document, field) ? document[field] : undefined;
}
