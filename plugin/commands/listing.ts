// What a verb shows as rows, and the formats in which it does, as Docker's commands have them: `--format table`, `json`, a
// Go template for each row, or `table` and a template, and `--quiet` and `--no-trunc` where they say something.
import { escapeControls } from "../../mesh/printable.ts";
import { type Flag, FORMAT_FLAG, type ParsedFlags, UsageError } from "./flags.ts";
import { jsonLine } from "./json-line.ts";
import { alignColumns, renderTable } from "./table.ts";
import { checkFields } from "./template/check-fields.ts";
import { readTemplate } from "./template/read-template.ts";
import { renderHeaders, renderTemplate } from "./template/render-template.ts";
import type { Node } from "./template/tree.ts";
import { isList, isRecord, type RecordValue, textOf, type Value } from "./template/value.ts";

export const QUIET_FLAG: Flag = { name: "quiet", short: "q", kind: "switch" };
export const NO_TRUNC_FLAG: Flag = { name: "no-trunc", kind: "switch" };

/** One field of a row: templates and JSON name it, the table has it as a column. */
export interface Column<Row> {
  readonly field: string;
  readonly header: string;
  readonly value: (row: Row) => Value;
  /** The table's text, where it is not that of the value; empty ones become `-`. */
  readonly cell?: (row: Row) => string;
  /** What the table shows without --no-trunc. */
  readonly shorten?: (text: string) => string;
  /** Left out of the table. */
  readonly isExtra?: true;
}

export interface Listing<Row> {
  readonly columns: readonly Column<Row>[];
  /** The field that --quiet shows alone. */
  readonly quiet?: string;
}

export interface Output<Row> {
  /** `template` has everything that is neither of the other two: `table` and a template, and --quiet, too. */
  readonly kind: "table" | "json" | "template";
  /**
   * The rows in that format, each line ending with a newline; those that follow others without a header. Throws TemplateError
   * for what a template cannot do.
   */
  readonly render: (rows: readonly Row[], follow?: boolean) => string;
}

/** The format that the flags ask for. Throws UsageError and TemplateError before anybody is asked for rows. */
export function readOutput<Row>(flags: ParsedFlags, listing: Listing<Row>): Output<Row> {
  const { columns, quiet } = listing;
  const format = flags.values.get(FORMAT_FLAG.name)?.trim() || "table";
  if (flags.values.get(QUIET_FLAG.name) === "true" && quiet !== undefined)
    return templateOutput(columns, `{{.${quiet}}}`);
  if (format === "json") return { kind: "json", render: (rows) => renderLines(columns, rows) };
  if (format !== "table") return templateOutput(columns, format);
  const isWhole = flags.values.get(NO_TRUNC_FLAG.name) === "true";
  return { kind: "table", render: (rows) => renderRows(columns, rows, isWhole) };
}

/** For verbs whose table and JSON are of their own making: the rows are for templates alone. */
export function renderOwn<Row>(
  output: Output<Row>,
  rows: readonly Row[],
  own: { readonly json: object; readonly table: () => string },
): string {
  if (output.kind === "template") return output.render(rows);
  return output.kind === "json" ? jsonLine(own.json) : own.table();
}

/** Completes the help of a verb that takes {@link FORMAT_FLAG}. */
export function describeFields<Row>({ columns }: Listing<Row>): string {
  const names = columns.map(({ field }) => `.${field}`);
  const lines = [""];
  for (const name of names) {
    const line = `${lines.at(-1)} ${name}`;
    if (line.length > 90) lines.push(` ${name}`);
    else lines[lines.length - 1] = line;
  }
  return `\nFields for templates:\n${lines.map((line) => ` ${line}\n`).join("")}`;
}

export const FORMAT_HELP = `--format string   Format of the output: "table", "json", a Go template for each row, or
                        "table" and a template (default "table")`;

function templateOutput<Row>(columns: readonly Column<Row>[], format: string): Output<Row> {
  const isTable = /^table\b/.test(format);
  const written = (isTable ? format.slice("table".length) : format).trim();
  if (!written.includes("{{"))
    throw new UsageError(
      `invalid argument ${JSON.stringify(format)} for --format: expected table, json or a Go template such as '{{.${columns[0]?.field}}}'`,
    );
  const nodes = readTemplate(written.replaceAll("\\t", "\t").replaceAll("\\n", "\n"));
  checkFields(
    nodes,
    columns.map(({ field }) => field),
  );
  const text = (rows: readonly Row[]): string =>
    rows.map((row) => `${renderTemplate(nodes, escapeAll(recordOf(columns, row)))}\n`).join("");
  return {
    kind: "template",
    render: (rows, follow = false) => {
      if (!isTable) return text(rows);
      return align(follow ? text(rows) : `${headersOf(columns, nodes)}\n${text(rows)}`);
    },
  };
}

function headersOf<Row>(columns: readonly Column<Row>[], nodes: readonly Node[]): string {
  const headers = columns.map(({ field, header }) => [field, header] as const);
  return renderHeaders(nodes, Object.fromEntries(headers));
}

function align(text: string): string {
  const lines = text.split("\n").slice(0, -1);
  return alignColumns(lines.map((line) => line.split("\t")));
}

function recordOf<Row>(columns: readonly Column<Row>[], row: Row): RecordValue {
  return Object.fromEntries(columns.map(({ field, value }) => [field, value(row)]));
}

/** Names come from labels and from the network: none of them may steer a terminal. */
function escapeAll(value: Value): Value {
  if (typeof value === "string") return escapeControls(value);
  if (isList(value)) return value.map(escapeAll);
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, escapeAll(each)]));
}

function renderLines<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  return rows.map((row) => jsonLine(recordOf(columns, row))).join("");
}

function renderRows<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  isWhole: boolean,
): string {
  const shown = columns.filter(({ isExtra }) => isExtra !== true);
  return renderTable(
    shown.map(({ header }) => header),
    rows.map((row) => shown.map((column) => cellOf(column, row, isWhole))),
  );
}

function cellOf<Row>(column: Column<Row>, row: Row, isWhole: boolean): string {
  const value = column.value(row);
  const text = column.cell?.(row) ?? (value === null ? "" : textOf(value));
  const shown = isWhole ? text : (column.shorten?.(text) ?? text);
  return shown === "" ? "-" : shown;
}
