// The stored document while it is edited. What would change is shown before it is stored; what the agent finds wrong stands at
// the field; and when somebody else was faster, both versions come together here before anything is written.
import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { FieldProblem, ShownPolicy, StoredPolicy } from "../client/answers.ts";
import type { RequestFailed } from "../client/client.ts";
import { asFailed, useClient } from "../client/hooks.ts";
import { servicePath } from "../client/paths.ts";
import {
  type DraftLine,
  diffFields,
  type Fields,
  mergeFields,
  repeatedFields,
  toFields,
  toLines,
} from "../model/documents.ts";
import { count } from "../model/format.ts";
import { Card, Failure } from "../parts/sections.tsx";
import { Changes } from "./policy-changes.tsx";
import { type Conflict, PolicyConflict } from "./policy-conflict.tsx";
import { PolicyLines } from "./policy-lines.tsx";
import { policyTitle } from "./policy-stored.tsx";

/** What became of the last attempt to store. */
interface Outcome {
  readonly saved?: number;
  readonly error?: RequestFailed;
  /** What was refused. */
  readonly refused?: Fields;
  readonly conflict?: Conflict;
}

export function PolicyEditor(props: {
  readonly policy: ShownPolicy;
  readonly onWritten: () => void;
}): VNode {
  const { policy, onWritten } = props;
  const editor = useEditor(policy, onWritten);
  const { lines, base, outcome } = editor;
  const draft = toFields(lines);
  const changes = diffFields(base.document, draft);
  const repeated = repeatedFields(lines);
  const refusal = standingRefusal(outcome, draft);
  const problems = refusal?.fields ?? [];
  return (
    <Card title={policyTitle(base)}>
      {policy.version > base.version && (
        <p class="notice warning" role="status">
          Version {policy.version} has been stored meanwhile; you are editing version {base.version}
          .
        </p>
      )}
      <PolicyLines
        lines={lines}
        problems={[...problems, ...repeated.map(repeatedProblem)]}
        known={policy.fields}
        onChange={editor.change}
      />
      {refusal !== undefined && outcome.conflict === undefined && (
        <Refusal error={refusal} lines={lines} />
      )}
      {outcome.conflict !== undefined && (
        <PolicyConflict
          conflict={outcome.conflict}
          onMerge={editor.merge}
          onDiscard={editor.reset}
        />
      )}
      {changes.length > 0 && (
        <div class="review">
          <h3>{count(changes.length, "change")} to be stored</h3>
          <Changes changes={changes} />
        </div>
      )}
      <div class="actions">
        <button
          type="button"
          disabled={changes.length === 0 || repeated.length > 0 || editor.busy}
          onClick={() => void editor.save()}
        >
          {editor.busy ? "Storing…" : "Store changes"}
        </button>
        {changes.length > 0 && (
          <button type="button" class="quiet" onClick={editor.reset}>
            Discard
          </button>
        )}
        <span role="status" class="saved">
          {outcome.saved !== undefined && `Version ${outcome.saved} is stored and in force.`}
        </span>
      </div>
    </Card>
  );
}

function repeatedProblem(field: string): FieldProblem {
  return { field, message: "this field stands in several lines; remove all but one" };
}

/** The last refusal, as far as what was refused still stands in the draft. */
function standingRefusal({ error, refused }: Outcome, draft: Fields): RequestFailed | undefined {
  if (error === undefined || refused === undefined) return undefined;
  const changed = new Set(diffFields(refused, draft).map(({ field }) => field));
  if (error.fields.length === 0) return changed.size === 0 ? error : undefined;
  const fields = error.fields.filter(({ field }) => !changed.has(field));
  return fields.length === 0 ? undefined : error.with(fields);
}

/** What cannot stand at one of the lines. */
function Refusal(props: {
  readonly error: RequestFailed;
  readonly lines: readonly DraftLine[];
}): VNode {
  const { error, lines } = props;
  const elsewhere = error.fields.filter(
    ({ field }) => !lines.some((line) => line.field.trim() === field),
  );
  return (
    <>
      <Failure error={error} />
      {elsewhere.map(({ field, message }) => (
        <p key={field} class="notice bad">
          <code>{field}</code> {message}
        </p>
      ))}
    </>
  );
}

interface Editor {
  readonly lines: readonly DraftLine[];
  /** What the draft began with. */
  readonly base: StoredPolicy;
  readonly outcome: Outcome;
  readonly busy: boolean;
  readonly change: (lines: readonly DraftLine[]) => void;
  readonly save: () => Promise<void>;
  readonly merge: () => void;
  /** Begins anew with what is stored now. */
  readonly reset: () => void;
}

function useEditor(policy: ShownPolicy, onWritten: () => void): Editor {
  const { ask } = useClient();
  const [base, setBase] = useState<StoredPolicy>(policy);
  const [lines, setLines] = useState(() => toLines(policy.document));
  const [outcome, setOutcome] = useState<Outcome>({});
  const [busy, setBusy] = useState(false);
  const begin = (stored: StoredPolicy, after: Outcome): void => {
    setBase(stored);
    setLines(toLines(stored.document));
    setOutcome(after);
  };
  // An untouched draft follows what others store; one with changes is kept.
  useEffect(() => {
    const untouched = diffFields(base.document, toFields(lines)).length === 0;
    if (untouched && policy.version > base.version) begin(policy, {});
  }, [policy.version]);
  const path = servicePath(policy.service, "policy");
  const save = async (): Promise<void> => {
    setBusy(true);
    const condition: Record<string, string> =
      base.version === 0 ? { "if-none-match": "*" } : { "if-match": `"${base.version}"` };
    try {
      const body = toFields(lines);
      const stored = await ask(path, { method: "PUT", body, headers: condition });
      const written = stored as StoredPolicy;
      begin(written, { saved: written.version });
      onWritten();
    } catch (thrown) {
      setOutcome({ ...(await explain(asFailed(thrown))), refused: toFields(lines) });
    }
    setBusy(false);
  };
  const explain = async (error: RequestFailed): Promise<Outcome> => {
    if (error.code !== "POLICY_CONFLICT") return { error };
    const theirs = await ask(path).then(
      (answer) => answer as StoredPolicy,
      () => undefined,
    );
    if (theirs === undefined) return { error };
    const merged = mergeFields(base.document, theirs.document, toFields(lines));
    return { error, conflict: { base, theirs, merged } };
  };
  const merge = (): void => {
    if (outcome.conflict === undefined) return;
    const { theirs, merged } = outcome.conflict;
    setBase(theirs);
    setLines(toLines(merged.document));
    setOutcome({});
  };
  const change = (changed: readonly DraftLine[]): void => {
    setLines([...changed]);
    if (outcome.saved !== undefined) setOutcome({});
  };
  const reset = (): void => {
    const known = [policy, base, outcome.conflict?.theirs ?? base];
    begin(
      known.reduce((newest, one) => (one.version > newest.version ? one : newest)),
      {},
    );
  };
  return { lines, base, outcome, busy, change, save, merge, reset };
}
