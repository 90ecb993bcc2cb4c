// A template's text for a value. Pure. Templates of tables are followed twice: for the headers, and for each row.
import { callFunction, callOnHeader } from "./functions.ts";
import type { Branch, Command, Node, Operand, Pipeline } from "./tree.ts";
import { isList, isRecord, isTrue, kindOf, TemplateError, textOf, type Value } from "./value.ts";

/** How values are used. */
interface Meaning {
  readonly call: (name: string, args: readonly Value[]) => Value;
  readonly member: (value: Value, name: string) => Value;
  /** What `range` goes through, each with its key. */
  readonly entries: (value: Value) => readonly (readonly [Value, Value])[];
}

const OF_DATA: Meaning = { call: callFunction, member, entries };
const OF_HEADERS: Meaning = {
  call: callOnHeader,
  // Whatever is looked at inside of a column belongs to it.
  member: (value, name) => (isRecord(value) ? member(value, name) : name.toUpperCase()),
  entries: (value) => [[0, value]],
};

/** Throws TemplateError for fields that are not there, and for what functions do not take. */
export function renderTemplate(nodes: readonly Node[], data: Value): string {
  return new Rendering(data, OF_DATA).render(nodes, data);
}

/** `headers`: the header of each field. */
export function renderHeaders(nodes: readonly Node[], headers: Value): string {
  return new Rendering(headers, OF_HEADERS).render(nodes, headers);
}

class Rendering {
  readonly #meaning: Meaning;
  readonly #variables: Map<string, Value>;

  constructor(data: Value, meaning: Meaning) {
    this.#meaning = meaning;
    this.#variables = new Map([["$", data]]);
  }

  render(nodes: readonly Node[], dot: Value): string {
    return nodes.map((node) => this.#renderNode(node, dot)).join("");
  }

  #renderNode(node: Node, dot: Value): string {
    if (node.kind === "text") return node.text;
    if (node.kind === "range") return this.#renderRange(node, dot);
    if (node.kind !== "print") {
      const value = this.#evaluate(node.condition, dot);
      if (!isTrue(value)) return this.render(node.otherwise, dot);
      return this.render(node.then, node.kind === "with" ? value : dot);
    }
    const value = this.#evaluate(node.pipeline, dot);
    return node.pipeline.variables.length > 0 ? "" : textOf(value);
  }

  #renderRange({ condition, then, otherwise }: Branch, dot: Value): string {
    const { variables, commands } = condition;
    const entries = this.#meaning.entries(this.#evaluate({ variables: [], commands }, dot));
    if (entries.length === 0) return this.render(otherwise, dot);
    const [first, second] = variables;
    const texts = entries.map(([key, entry]) => {
      if (first !== undefined) this.#variables.set(first, second === undefined ? entry : key);
      if (second !== undefined) this.#variables.set(second, entry);
      return this.render(then, entry);
    });
    return texts.join("");
  }

  #evaluate({ variables, commands }: Pipeline, dot: Value): Value {
    let value: Value | undefined;
    for (const command of commands) value = this.#run(command, dot, value);
    for (const name of variables) this.#variables.set(name, value ?? null);
    return value ?? null;
  }

  #run([first, ...others]: Command, dot: Value, piped: Value | undefined): Value {
    if (first === undefined) return null;
    if (first.kind === "function") {
      const args = others.map((operand) => this.#valueOf(operand, dot));
      return this.#meaning.call(first.name, piped === undefined ? args : [...args, piped]);
    }
    if (piped !== undefined) throw new TemplateError("expected a function after |");
    return this.#valueOf(first, dot);
  }

  #valueOf(operand: Operand, dot: Value): Value {
    if (operand.kind === "literal") return operand.value;
    if (operand.kind === "function") return this.#meaning.call(operand.name, []);
    const root =
      operand.kind === "nested"
        ? this.#evaluate(operand.pipeline, dot)
        : this.#rootOf(operand.root, dot);
    return operand.names.reduce((value, name) => this.#meaning.member(value, name), root);
  }

  #rootOf(name: string, dot: Value): Value {
    const value = name === "." ? dot : this.#variables.get(name);
    if (value !== undefined) return value;
    throw new TemplateError(`unknown variable ${name}`);
  }
}

function member(value: Value, name: string): Value {
  if (value === null) return null;
  if (!isRecord(value)) throw new TemplateError(`.${name}: ${kindOf(value)} has no fields`);
  const found = Object.hasOwn(value, name) ? value[name] : undefined;
  if (found !== undefined) return found;
  throw unknownField(name, Object.keys(value));
}

function unknownField(name: string, known: readonly string[]): TemplateError {
  const names = known.map((field) => `.${field}`).join(", ") || "none";
  return new TemplateError(`unknown field .${name}: there are ${names}`);
}

function entries(value: Value): readonly (readonly [Value, Value])[] {
  if (value === null) return [];
  if (isList(value)) return value.map((entry, index) => [index, entry] as const);
  if (isRecord(value)) return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  throw new TemplateError(`range: expected a list, found ${kindOf(value)}`);
}
