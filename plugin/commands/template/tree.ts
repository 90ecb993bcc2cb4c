// A template that was read. Types only.
import type { Value } from "./value.ts";

export type Node =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "print"; readonly pipeline: Pipeline }
  | Branch;

export interface Branch {
  readonly kind: BranchKind;
  readonly condition: Pipeline;
  readonly then: readonly Node[];
  readonly otherwise: readonly Node[];
}

export const BRANCHES = ["if", "with", "range"] as const;
export type BranchKind = (typeof BRANCHES)[number];

export interface Pipeline {
  /** Variables that get its value, such as `$name`; those of `range` are the key, where there are two, and the entry. */
  readonly variables: readonly string[];
  /** The value of each is the last argument of the next. */
  readonly commands: readonly Command[];
}

/** A function and its arguments, or a single operand. */
export type Command = readonly Operand[];

export type Operand =
  | { readonly kind: "literal"; readonly value: Value }
  | { readonly kind: "function"; readonly name: string }
  /** `root` is `.`, `$` or a variable. */
  | { readonly kind: "path"; readonly root: string; readonly names: readonly string[] }
  | { readonly kind: "nested"; readonly pipeline: Pipeline; readonly names: readonly string[] };
