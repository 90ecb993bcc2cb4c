// Two people have changed the same policy: what the other one did, and what to do with both.
import type { VNode } from "preact";
import type { StoredPolicy } from "../client/answers.ts";
import { diffFields, type Merged } from "../model/documents.ts";
import { Changes } from "./policy-changes.tsx";

export interface Conflict {
  /** What the draft began with. */
  readonly base: StoredPolicy;
  /** What has been stored meanwhile. */
  readonly theirs: StoredPolicy;
  /** The draft's changes on top of it. */
  readonly merged: Merged;
}

export function PolicyConflict(props: {
  readonly conflict: Conflict;
  readonly onMerge: () => void;
  readonly onDiscard: () => void;
}): VNode {
  const { base, theirs, merged } = props.conflict;
  return (
    <div class="notice warning" role="alert">
      <p>
        <b>Somebody else has stored version {theirs.version} meanwhile.</b> Nothing of yours was
        stored. It changes:
      </p>
      <Changes changes={diffFields(base.document, theirs.document)} />
      {merged.clashes.length > 0 && (
        <p>
          Both of you changed <code>{merged.clashes.join(", ")}</code>: yours would replace theirs.
        </p>
      )}
      <div class="actions">
        <button type="button" onClick={props.onMerge}>
          Put my changes on top of version {theirs.version}
        </button>
        <button type="button" class="quiet" onClick={props.onDiscard}>
          Discard mine
        </button>
      </div>
    </div>
  );
}
