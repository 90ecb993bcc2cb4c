// What would change, field by field.
import type { VNode } from "preact";
import type { FieldChange } from "../model/documents.ts";

export function Changes({ changes }: { readonly changes: readonly FieldChange[] }): VNode {
  if (changes.length === 0) return <p class="hint">Nothing: both say the same.</p>;
  return (
    <ul class="changes" aria-label="Changes">
      {changes.map(({ field, before, after }) => (
        <li key={field}>
          <code>{field}</code>
          <span class="change">
            {before !== undefined && (
              <del>
                <span class="unseen">was </span>
                {before === "" ? "(empty)" : before}
              </del>
            )}
            {before !== undefined && after !== undefined && <span aria-hidden="true"> → </span>}
            {after === undefined ? (
              <span class="gone-text"> no longer stored</span>
            ) : (
              <ins>
                <span class="unseen">will be </span>
                {after === "" ? "(empty)" : after}
              </ins>
            )}
          </span>
        </li>
      ))}
    </ul>
  );
}
