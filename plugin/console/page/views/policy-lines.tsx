// The lines of a policy document: a field's name, its value, and what is wrong with it.
import type { VNode } from "preact";
import type { EffectiveField, FieldProblem } from "../client/answers.ts";
import type { DraftLine } from "../model/documents.ts";

export function PolicyLines(props: {
  readonly lines: readonly DraftLine[];
  readonly problems: readonly FieldProblem[];
  /** Fields that are in force, for their names and values. */
  readonly known: readonly EffectiveField[];
  readonly onChange: (lines: readonly DraftLine[]) => void;
}): VNode {
  const { lines, problems, known, onChange } = props;
  const replace = (index: number, line: DraftLine): void =>
    onChange(lines.map((old, at) => (at === index ? line : old)));
  return (
    <div class="lines">
      {lines.length === 0 && (
        <p class="hint">
          Nothing is stored: labels and built-in values hold. A stored field is stronger than both
          and is in force within a second.
        </p>
      )}
      {lines.map((line, index) => (
        <PolicyLine
          key={index}
          {...{ index, line, known }}
          problems={problems.filter(({ field }) => field === line.field.trim())}
          onChange={(changed) => replace(index, changed)}
          onRemove={() => onChange(lines.filter((_, at) => at !== index))}
        />
      ))}
      <button
        type="button"
        class="quiet"
        onClick={() => onChange([...lines, { field: "", value: "" }])}
      >
        Add a field
      </button>
      <datalist id="policy-fields">
        {known.map(({ field }) => (
          <option key={field} value={field} />
        ))}
      </datalist>
    </div>
  );
}

function PolicyLine(props: {
  readonly index: number;
  readonly line: DraftLine;
  readonly problems: readonly FieldProblem[];
  readonly known: readonly EffectiveField[];
  readonly onChange: (line: DraftLine) => void;
  readonly onRemove: () => void;
}): VNode {
  const { index, line, problems, known } = props;
  const effective = known.find(({ field }) => field === line.field.trim());
  const problemId = `policy-problem-${index}`;
  const wrong = problems.length > 0;
  return (
    <div class={wrong ? "line-row wrong" : "line-row"}>
      <label class="field">
        <span>Field</span>
        <input
          value={line.field}
          list="policy-fields"
          placeholder="timeouts.request"
          autocomplete="off"
          spellcheck={false}
          aria-invalid={wrong}
          onInput={({ currentTarget }) => props.onChange({ ...line, field: currentTarget.value })}
        />
      </label>
      <label class="field">
        <span>Value</span>
        <input
          value={line.value}
          placeholder={effective === undefined ? "" : `${effective.value} now`}
          autocomplete="off"
          spellcheck={false}
          aria-invalid={wrong}
          aria-describedby={wrong ? problemId : undefined}
          onInput={({ currentTarget }) => props.onChange({ ...line, value: currentTarget.value })}
        />
      </label>
      <button
        type="button"
        class="quiet"
        aria-label={`Remove ${line.field || "this field"}`}
        onClick={props.onRemove}
      >
        Remove
      </button>
      {wrong && (
        <p id={problemId} class="problem" role="alert">
          {problems.map(({ message }) => message).join("; ")}
        </p>
      )}
    </div>
  );
}
