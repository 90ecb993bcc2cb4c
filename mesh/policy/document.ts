// A policy as people write it and as the catalog keeps it: dotted names and texts, the same as after `mesh.` in labels.
// `{"balance": {"algorithm": "random"}}`, `{"balance.algorithm": "random"}` and the label `mesh.balance.algorithm: random`
// are the same field.

/** Values by dotted name, in the order of names; what is not named is as in the next weaker source. */
export type PolicyDocument = Readonly<Record<string, string>>;

/** Where a value comes from, weakest first. `mesh` is the document of {@link MESH_WIDE}. */
export const POLICY_SOURCES = ["default", "mesh", "label", "policy"] as const;
export type PolicySource = (typeof POLICY_SOURCES)[number];

/** The name under which the document for all services is kept. */
export const MESH_WIDE = "*";

/** One thing that is wrong with a document. */
export interface FieldProblem {
  /** The dotted name. */
  readonly field: string;
  /** A sentence for people: what was expected, what was found. */
  readonly message: string;
  /** True where fields contradict each other that are right on their own. */
  readonly conflict?: true;
}

/** A value in force and whence it comes. */
export interface EffectiveField {
  readonly field: string;
  readonly value: string;
  readonly source: PolicySource;
}
