// One field of a policy: its name, its kind of value, and all that people are told about it.
import { Refusal } from "../refusal.ts";
import type { Kind } from "./kinds.ts";

export interface Field<T> {
  /** The dotted name; `<name>` stands for the name that people give to a route or a rule. */
  readonly name: string;
  readonly kind: Kind<T>;
  /** What holds when nobody says anything, as people would write it; empty: nothing. */
  readonly fallback: string;
  /** The same as it is read. */
  readonly standard: T;
  /** Whose sidecar needs it. */
  readonly concerns: Concern;
  /** Completes the row of the reference; Markdown. */
  readonly meaning: string;
  /** A value as it stands in a label. */
  readonly example: string;
}

/** `gateway`: no sidecar needs it; agents tell gateways what comes of it. */
export type Concern = "caller" | "callee" | "both" | "gateway";

/** A field for each member of a type. */
export type FieldsOf<T> = { readonly [Member in keyof T]: Field<T[Member]> };

/** Throws for a default that its own kind refuses. */
export function field<T>(row: Omit<Field<T>, "standard">): Field<T> {
  const standard = row.kind.read(row.fallback);
  if (standard instanceof Refusal) throw new TypeError(`${row.name}: the default is refused`);
  return { ...row, standard };
}

/** Makes a field of named entries; without a default it says nothing unless it is given. */
export type FieldMaker = <T>(
  key: string,
  of: Kind<T>,
  example: string,
  meaning: string,
  fallback?: string,
) => Field<T>;

/** Makes the fields of all routes, or of all rules. */
export function fieldsWithin(entries: "route" | "rule", concerns: Concern): FieldMaker {
  return (key, kind, example, meaning, fallback = "") =>
    field({ name: `${entries}.<name>.${key}`, kind, fallback, concerns, meaning, example });
}

/** The name of a field of one route or rule. */
export function nameWithin({ name }: Field<unknown>, entry: string): string {
  return name.replace("<name>", entry);
}
