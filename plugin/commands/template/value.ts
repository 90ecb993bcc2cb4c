// What templates work on: the values of JSON.
export type Value = string | number | boolean | null | readonly Value[] | RecordValue;

export interface RecordValue {
  readonly [name: string]: Value;
}

/** A template that cannot be followed; the message is one line for people. */
export class TemplateError extends Error {
  constructor(message: string) {
    super(`--format: ${message}`);
    this.name = "TemplateError";
  }
}

export function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

export function isRecord(value: Value): value is RecordValue {
  return typeof value === "object" && value !== null && !isList(value);
}

/** As it is printed: lists with commas between their entries, and Go's words for what is not there. */
export function textOf(value: Value): string {
  if (value === null) return "<no value>";
  if (isList(value)) return value.map(textOf).join(", ");
  return isRecord(value) ? JSON.stringify(value) : String(value);
}

/** Whether `if` takes it for true: not zero, not empty. */
export function isTrue(value: Value): boolean {
  if (isList(value)) return value.length > 0;
  return isRecord(value) ? Object.keys(value).length > 0 : Boolean(value);
}

/** What it is, in messages. */
export function kindOf(value: Value): string {
  if (value === null) return "nothing";
  if (isList(value)) return "a list";
  if (isRecord(value)) return "a record";
  return typeof value === "string" ? "a text" : `a ${typeof value}`;
}
