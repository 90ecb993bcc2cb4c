// Reads single fields of one document and keeps what was found wrong with them.
import { quote } from "../printable.ts";
import { Refusal } from "../refusal.ts";
import type { FieldProblem, PolicyDocument } from "./document.ts";
import type { Field, FieldsOf } from "./field.ts";
import { nameWithin } from "./field.ts";
import { entryOf } from "./fields.ts";
import { describeRefusal } from "./kinds.ts";

/** Longest text of one field as people write it, characters. */
export const MAX_VALUE = 1_024;

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\x00-\x08\x0a-\x1f\x7f]/;

export class DocumentReader {
  readonly #document: PolicyDocument;
  readonly #longest: number;
  readonly #problems: FieldProblem[] = [];
  /** Fields that could not be read. */
  readonly #unread = new Set<string>();

  constructor(document: PolicyDocument, longest: number = MAX_VALUE) {
    this.#document = document;
    this.#longest = longest;
  }

  get problems(): readonly FieldProblem[] {
    return this.#problems;
  }

  complain(field: string, message: string): void {
    this.#problems.push({ field, message });
  }

  /** Fields that contradict each other. */
  complainOfConflict(field: string, message: string): void {
    this.#problems.push({ field, message, conflict: true });
  }

  /** Whether the field is there, but not understood. */
  isUnread(name: string): boolean {
    return this.#unread.has(name);
  }

  markUnread(name: string): void {
    this.#unread.add(name);
  }

  /** The value; what holds without one when it is absent and when it cannot be read, which is then a problem. */
  read<T>(field: Field<T>, name: string = field.name): T {
    const text = Object.hasOwn(this.#document, name) ? this.#document[name] : undefined;
    if (text === undefined || text === field.fallback) return field.standard;
    const value = readText(field, text, this.#longest);
    if (!(value instanceof Refusal)) return value;
    this.#unread.add(name);
    this.complain(name, describeRefusal(value, field.kind.expected, text));
    return field.standard;
  }

  /** A whole group of fields. */
  readAll<T extends object>(fields: FieldsOf<T>): T {
    const read = ([member, field]: [string, Field<unknown>]): [string, unknown] => [
      member,
      this.read(field),
    ];
    return Object.fromEntries(Object.entries<Field<unknown>>(fields).map(read)) as T;
  }

  /** The same for the route or the rule of that name. */
  readEntry<T extends object>(fields: FieldsOf<T>, entry: string): T {
    const read = ([member, field]: [string, Field<unknown>]): [string, unknown] => [
      member,
      this.read(field, nameWithin(field, entry)),
    ];
    return Object.fromEntries(Object.entries<Field<unknown>>(fields).map(read)) as T;
  }

  /** The names that people gave to routes or rules, in the order of names. */
  entries(group: "route" | "rule"): readonly string[] {
    const names = new Set<string>();
    for (const name of Object.keys(this.#document)) {
      const found = entryOf(name);
      if (found?.group === group) names.add(found.entry);
    }
    return [...names].sort();
  }
}

function readText<T>(field: Field<T>, text: string, longest: number): T | Refusal {
  if (text.length > longest) {
    return new Refusal(`expected at most ${longest} characters, got ${quote(text)}`);
  }
  if (CONTROL.test(text)) {
    return new Refusal(`expected no control characters, got ${quote(text)}`);
  }
  return field.kind.read(text);
}
