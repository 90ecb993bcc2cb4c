// Whether a template names fields that there are, seen before anything is asked: a list may be empty.
import { nearestName } from "../../../mesh/nearest.ts";
import type { Node, Operand, Pipeline } from "./tree.ts";
import { TemplateError } from "./value.ts";

/** Throws TemplateError for the first unknown field of a row. Inside of `with` and `range` the dot is something else. */
export function checkFields(nodes: readonly Node[], known: readonly string[]): void {
  for (const name of nodes.flatMap((node) => fieldsOf(node, true))) {
    if (known.includes(name)) continue;
    const nearest = nearestName(name, known);
    const hint = nearest === undefined ? "" : `did you mean .${nearest}? `;
    const names = known.map((field) => `.${field}`).join(", ");
    throw new TemplateError(`unknown field .${name}: ${hint}There are ${names}`);
  }
}

/** `atRow`: the dot is the row. */
function fieldsOf(node: Node, atRow: boolean): readonly string[] {
  if (node.kind === "text") return [];
  if (node.kind === "print") return ofPipeline(node.pipeline, atRow);
  const within = atRow && node.kind === "if";
  return [
    ...ofPipeline(node.condition, atRow),
    ...node.then.flatMap((each) => fieldsOf(each, within)),
    ...node.otherwise.flatMap((each) => fieldsOf(each, atRow)),
  ];
}

function ofPipeline({ commands }: Pipeline, atRow: boolean): readonly string[] {
  return commands.flatMap((operands) => operands.flatMap((operand) => ofOperand(operand, atRow)));
}

function ofOperand(operand: Operand, atRow: boolean): readonly string[] {
  if (operand.kind === "nested") return ofPipeline(operand.pipeline, atRow);
  if (operand.kind !== "path") return [];
  const isRow = operand.root === "$" || (operand.root === "." && atRow);
  return isRow ? operand.names.slice(0, 1) : [];
}
