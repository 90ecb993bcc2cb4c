// Reads Go's templates, as Docker's `--format` takes them, as far as its users use them: fields, functions, pipelines,
// variables, if, with, range and else.
import { ActionReader } from "./read-action.ts";
import { type Part, splitTemplate } from "./split-template.ts";
import { BRANCHES, type BranchKind, type Node } from "./tree.ts";
import { TemplateError } from "./value.ts";

/** Throws TemplateError for what is no template. */
export function readTemplate(text: string): readonly Node[] {
  const reader = new TemplateReader(splitTemplate(text));
  const { nodes, ending } = reader.readBlock();
  if (ending === undefined) return nodes;
  throw new TemplateError(`{{${ending.word}}} ends nothing: no if, with or range is open`);
}

/** Nodes up to the `else` or `end` of what is around them. */
interface Block {
  readonly nodes: readonly Node[];
  readonly ending: { readonly word: "else" | "end"; readonly action: ActionReader } | undefined;
}

class TemplateReader {
  readonly #parts: readonly Part[];
  #at = 0;

  constructor(parts: readonly Part[]) {
    this.#parts = parts;
  }

  readBlock(): Block {
    const nodes: Node[] = [];
    for (let part = this.#take(); part !== undefined; part = this.#take()) {
      if (part.kind === "text") {
        nodes.push({ kind: "text", text: part.text });
        continue;
      }
      const action = new ActionReader(part.text);
      const word = action.takeWord(["else", "end"]);
      if (word !== undefined) return { nodes, ending: { word, action } };
      const branch = action.takeWord(BRANCHES);
      nodes.push(branch === undefined ? readPrint(action) : this.#readBranch(branch, action));
    }
    return { nodes, ending: undefined };
  }

  #readBranch(kind: BranchKind, action: ActionReader): Node {
    const condition = action.readPipeline();
    action.expectEnd();
    const { nodes: then, ending } = this.readBlock();
    if (ending === undefined) throw new TemplateError(`expected {{end}} after {{${kind} …}}`);
    const otherwise = ending.word === "end" ? [] : this.#readElse(kind, ending.action);
    if (ending.word === "end") ending.action.expectEnd();
    return { kind, condition, then, otherwise };
  }

  /** `{{else if …}}` has its `{{end}}` in common with what it belongs to. */
  #readElse(kind: BranchKind, action: ActionReader): readonly Node[] {
    const next = action.takeWord(["if", "with"]);
    if (next !== undefined) return [this.#readBranch(next, action)];
    action.expectEnd();
    const { nodes, ending } = this.readBlock();
    if (ending?.word === "end") return nodes;
    throw new TemplateError(`expected {{end}} after the {{else}} of {{${kind} …}}`);
  }

  #take(): Part | undefined {
    this.#at += 1;
    return this.#parts[this.#at - 1];
  }
}

function readPrint(action: ActionReader): Node {
  const pipeline = action.readPipeline();
  action.expectEnd();
  return { kind: "print", pipeline };
}
