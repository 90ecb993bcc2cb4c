// A table that becomes a list of cards on a narrow screen, and shows long lists in steps.
import type { ComponentChildren, VNode } from "preact";
import { useState } from "preact/hooks";

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => ComponentChildren;
  /** Numbers stand at the right, below each other. */
  readonly numeric?: boolean;
}

/** Rows shown at first, and added with each step. */
const STEP = 100;

export function Table<Row>(props: {
  /** What it lists, for those who hear it. */
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
}): VNode {
  const { label, columns, rows, keyOf } = props;
  const [shown, setShown] = useState(STEP);
  return (
    <div class="table-box">
      <table aria-label={label} aria-rowcount={rows.length + 1}>
        <thead>
          <tr>
            {columns.map(({ title, numeric }) => (
              <th key={title} scope="col" class={numeric ? "number" : undefined}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, shown).map((row) => (
            <TableRow key={keyOf(row)} row={row} columns={columns} />
          ))}
        </tbody>
      </table>
      {rows.length > shown && (
        <button type="button" class="quiet" onClick={() => setShown(shown + STEP)}>
          Show {Math.min(STEP, rows.length - shown)} more of {rows.length}
        </button>
      )}
    </div>
  );
}

function TableRow<Row>({
  row,
  columns,
}: {
  readonly row: Row;
  readonly columns: readonly Column<Row>[];
}): VNode {
  return (
    <tr>
      {columns.map(({ title, cell, numeric }, index) => {
        const content = cell(row);
        const name = numeric ? "number" : undefined;
        return index === 0 ? (
          <th key={title} scope="row" data-title={title} class={name}>
            {content}
          </th>
        ) : (
          <td key={title} data-title={title} class={name}>
            {content}
          </td>
        );
      })}
    </tr>
  );
}
