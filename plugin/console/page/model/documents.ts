// Policy documents while they are edited: what a change would do, and what becomes of it when somebody else was faster. Pure.

/** Dotted names and texts, as the API gives and takes them. */
export type Fields = Readonly<Record<string, string>>;

export interface FieldChange {
  readonly field: string;
  /** Undefined where the field is not set. */
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** One line of the editor; both may be unfinished. */
export interface DraftLine {
  readonly field: string;
  readonly value: string;
}

/** In the order of names; empty for documents that say the same. */
export function diffFields(before: Fields, after: Fields): readonly FieldChange[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names
    .map((field) => ({ field, before: textOf(before, field), after: textOf(after, field) }))
    .filter((change) => change.before !== change.after);
}

export interface Merged {
  readonly document: Fields;
  /** Fields that both changed, differently: `document` has mine. */
  readonly clashes: readonly string[];
}

/** My changes to `base` on top of what others have made of it. */
export function mergeFields(base: Fields, theirs: Fields, mine: Fields): Merged {
  const document = new Map(Object.entries(theirs));
  const clashes: string[] = [];
  for (const { field, before, after } of diffFields(base, mine)) {
    const other = textOf(theirs, field);
    if (other !== before && other !== after) clashes.push(field);
    if (after === undefined) document.delete(field);
    else document.set(field, after);
  }
  return { document: sorted([...document]), clashes };
}

export function toLines(document: Fields): readonly DraftLine[] {
  return Object.entries(document)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([field, value]) => ({ field, value }));
}

/** Lines without a name are unfinished and left out; of two with the same name the last one counts. */
export function toFields(lines: readonly DraftLine[]): Fields {
  return sorted(
    lines
      .map(({ field, value }): [string, string] => [field.trim(), value])
      .filter(([field]) => field !== ""),
  );
}

/** Names that stand in several lines. */
export function repeatedFields(lines: readonly DraftLine[]): readonly string[] {
  const names = lines.map(({ field }) => field.trim()).filter((name) => name !== "");
  return [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
}

function sorted(entries: readonly (readonly [string, string])[]): Fields {
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : Number(a > b))));
}

function textOf(document: Fields, field: string): string | undefined {
  return Object.hasOwn(document, field) ? document[field] : undefined;
}
