// A document as people send it, in nested or flat JSON, becomes the canonical one, or all that is wrong with it.
import { shorten } from "../printable.ts";
import type { FieldProblem, PolicyDocument } from "./document.ts";
import { joinList } from "./kinds.ts";
import { MAX_DOCUMENT, readPolicy, WHOLE_DOCUMENT } from "./read-policy.ts";

/** Objects within objects; names have three parts. */
const DEEPEST = 8;
/** Characters of names and values after which nothing more is read: well above what a document may have. */
const LARGEST = 2 * MAX_DOCUMENT;

export type Validation =
  | { readonly document: PolicyDocument; readonly problems?: undefined }
  | { readonly problems: readonly FieldProblem[]; readonly document?: undefined };

/**
 * Values are texts, numbers, booleans, and arrays of these. `beneath` is what weaker sources say: fields that need each
 * other, such as the halves of `jwt`, may stand there.
 */
export function validateDocument(json: unknown, beneath: PolicyDocument = {}): Validation {
  const flattener = new Flattener();
  flattener.take("", json, 0);
  const document = flattener.document();
  const own = readPolicy(document, "strict").problems.filter(({ conflict }) => conflict !== true);
  const problems = [...flattener.problems, ...own, ...newConflicts(document, beneath)];
  if (problems.length === 0) return { document };
  return { problems: problems.map(printable).sort(compareProblems) };
}

/** Those that were not there without the document. */
function newConflicts(document: PolicyDocument, beneath: PolicyDocument): readonly FieldProblem[] {
  const before = new Set(conflicts(beneath).map(({ field, message }) => `${field} ${message}`));
  return conflicts({ ...beneath, ...document }).filter(
    ({ field, message }) => !before.has(`${field} ${message}`),
  );
}

function conflicts(document: PolicyDocument): readonly FieldProblem[] {
  return readPolicy(document, "strict").problems.filter(({ conflict }) => conflict === true);
}

/** Names come from outside as they like. */
function printable(problem: FieldProblem): FieldProblem {
  return { ...problem, field: shorten(problem.field) };
}

function compareProblems(left: FieldProblem, right: FieldProblem): number {
  return left.field < right.field ? -1 : Number(left.field > right.field);
}

/** Gathers the values of nested objects under dotted names. */
class Flattener {
  readonly problems: FieldProblem[] = [];
  readonly #texts = new Map<string, string>();
  #size = 0;

  document(): PolicyDocument {
    const sorted = [...this.#texts].sort(([left], [right]) => (left < right ? -1 : 1));
    return Object.fromEntries(sorted);
  }

  take(name: string, value: unknown, depth: number): void {
    if (this.#size > LARGEST) return;
    if (isObject(value)) {
      this.#takeObject(name, value, depth);
      return;
    }
    const text = depth === 0 ? undefined : textOf(value);
    this.#count(name.length + (text?.length ?? 0));
    if (text === undefined) {
      const expected =
        depth === 0
          ? "an object of fields"
          : "a text, a number, true or false, or an array of these";
      this.#complain(name, `expected ${expected}, got ${describe(value)}`);
    } else if (this.#texts.has(name)) {
      this.#complain(name, "expected each field once, got it nested and by its dotted name");
    } else {
      this.#texts.set(name, text);
    }
  }

  #takeObject(name: string, value: object, depth: number): void {
    if (depth === DEEPEST) {
      this.#complain(name, `expected at most ${DEEPEST} objects within each other, got more`);
      return;
    }
    for (const [key, inner] of Object.entries(value)) {
      this.take(depth === 0 ? key : `${name}.${key}`, inner, depth + 1);
    }
  }

  /** Tells of too large a document once; what is left of it would fill the answer with problems. */
  #count(characters: number): void {
    this.#size += characters;
    if (this.#size <= LARGEST) return;
    this.#complain("", `expected at most ${MAX_DOCUMENT} characters of names and values together`);
  }

  #complain(name: string, message: string): void {
    this.problems.push({ field: name === "" ? WHOLE_DOCUMENT : name, message });
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Undefined for what is no value. */
function textOf(value: unknown): string | undefined {
  if (!Array.isArray(value)) return scalarText(value);
  const entries = value.map(scalarText).filter((entry) => entry !== undefined);
  // A backslash at the end would make the comma after it a part of the entry.
  const joinable = entries.every((entry) => !entry.endsWith("\\"));
  return entries.length === value.length && joinable ? joinList(entries) : undefined;
}

function scalarText(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : undefined;
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return Array.isArray(value) ? "an array of something else" : `a ${typeof value}`;
}
