// What stands between `{{` and `}}`, word by word.
import { nearestName } from "../../../mesh/nearest.ts";
import { FUNCTION_NAMES } from "./functions.ts";
import type { Command, Operand, Pipeline } from "./tree.ts";
import { TemplateError } from "./value.ts";

interface Token {
  readonly kind: "text" | "number" | "path" | "word" | "sign";
  readonly text: string;
  /** No blank stands before it. */
  readonly glued: boolean;
}

const TOKEN = new RegExp(
  [
    String.raw`(?<text>"(?:\\.|[^"\\])*"|${"`[^`]*`"})`,
    String.raw`(?<number>[-+]?\d+(?:\.\d+)?)`,
    String.raw`(?<path>(?:\$\w*)?(?:\.[A-Za-z_]\w*)+|\$\w*|\.)`,
    String.raw`(?<word>[A-Za-z_]\w*)`,
    "(?<sign>:=|[|(),=])",
  ].join("|"),
  "y",
);

const CONSTANTS: ReadonlyMap<string, boolean | null> = new Map([
  ["true", true],
  ["false", false],
  ["nil", null],
]);

export class ActionReader {
  readonly #action: string;
  readonly #tokens: readonly Token[];
  #at = 0;

  /** Throws TemplateError for characters that are part of no word. */
  constructor(action: string) {
    this.#action = action;
    this.#tokens = readTokens(action);
  }

  /** The next word if it is one of these. */
  takeWord<Word extends string>(words: readonly Word[]): Word | undefined {
    const { kind, text } = this.#tokens[this.#at] ?? {};
    const word = kind === "word" ? words.find((candidate) => candidate === text) : undefined;
    if (word !== undefined) this.#at += 1;
    return word;
  }

  /** Throws TemplateError when something is left. */
  expectEnd(): void {
    const token = this.#tokens[this.#at];
    if (token !== undefined) throw this.#unexpected(token);
  }

  /** To the end of the action, or of the parentheses. */
  readPipeline(): Pipeline {
    const variables = this.#readVariables();
    const commands = [this.#readCommand()];
    while (this.#takeSign("|")) commands.push(this.#readCommand());
    return { variables, commands };
  }

  /** `$entry :=` or `$key, $entry :=`; without it nothing is taken. */
  #readVariables(): readonly string[] {
    const begun = this.#at;
    const names: string[] = [];
    do {
      const { kind, text = "" } = this.#tokens[this.#at] ?? {};
      if (kind !== "path" || !/^\$\w+$/.test(text)) break;
      names.push(text);
      this.#at += 1;
    } while (this.#takeSign(","));
    if (names.length > 0 && (this.#takeSign(":=") || this.#takeSign("="))) return names;
    this.#at = begun;
    return [];
  }

  #readCommand(): Command {
    const operands: Operand[] = [];
    for (let operand = this.#readOperand(); operand; operand = this.#readOperand())
      operands.push(operand);
    const [first, ...others] = operands;
    if (first === undefined) throw this.#unexpected(this.#tokens[this.#at]);
    if (first.kind !== "function" && others.length > 0)
      throw new TemplateError(`expected a function or a single value in {{${this.#action}}}`);
    if (others.some(({ kind }) => kind === "function"))
      throw new TemplateError(`put functions within functions into ( ) in {{${this.#action}}}`);
    return operands;
  }

  #readOperand(): Operand | undefined {
    const token = this.#tokens[this.#at];
    if (token === undefined || (token.kind === "sign" && token.text !== "(")) return undefined;
    this.#at += 1;
    if (token.kind === "sign") return this.#readNested();
    if (token.kind === "path") return pathOf(token.text);
    if (token.kind === "text") return { kind: "literal", value: unquote(token.text) };
    if (token.kind === "number") return { kind: "literal", value: Number(token.text) };
    const constant = CONSTANTS.get(token.text);
    return constant === undefined ? functionOf(token.text) : { kind: "literal", value: constant };
  }

  #readNested(): Operand {
    const pipeline = this.readPipeline();
    if (!this.#takeSign(")"))
      throw new TemplateError(`expected ) at the end of {{${this.#action}}}`);
    const next = this.#tokens[this.#at];
    const hasNames = next?.kind === "path" && next.glued && /^\.\w/.test(next.text);
    if (hasNames) this.#at += 1;
    return { kind: "nested", pipeline, names: hasNames ? next.text.slice(1).split(".") : [] };
  }

  #takeSign(sign: string): boolean {
    const { kind, text } = this.#tokens[this.#at] ?? {};
    const isNext = kind === "sign" && text === sign;
    if (isNext) this.#at += 1;
    return isNext;
  }

  #unexpected(token: Token | undefined): TemplateError {
    const found = token === undefined ? "nothing" : token.text;
    return new TemplateError(
      `expected a field or a function, found ${found} in {{${this.#action}}}`,
    );
  }
}

function readTokens(action: string): readonly Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < action.length; ) {
    const blanks = /^\s*/.exec(action.slice(at))?.[0].length ?? 0;
    TOKEN.lastIndex = at + blanks;
    if (TOKEN.lastIndex >= action.length) break;
    const found = TOKEN.exec(action);
    if (found === null)
      throw new TemplateError(
        `${action.slice(at + blanks, at + blanks + 1)} means nothing in {{${action}}}`,
      );
    const [kind = "sign"] = Object.entries(found.groups ?? {}).find(([, text]) => text) ?? [];
    tokens.push({ kind: kind as Token["kind"], text: found[0], glued: blanks === 0 });
    at = TOKEN.lastIndex;
  }
  return tokens;
}

function pathOf(text: string): Operand {
  const [root = "", ...names] = text.split(".");
  return { kind: "path", root: root === "" ? "." : root, names: names.filter(Boolean) };
}

function functionOf(name: string): Operand {
  if (FUNCTION_NAMES.includes(name)) return { kind: "function", name };
  const nearest = nearestName(name, FUNCTION_NAMES);
  const hint = nearest === undefined ? "" : `did you mean ${nearest}? `;
  throw new TemplateError(
    `unknown function ${JSON.stringify(name)}: ${hint}There are ${FUNCTION_NAMES.join(", ")}`,
  );
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r" };

function unquote(text: string): string {
  const inside = text.slice(1, -1);
  if (text.startsWith("`")) return inside;
  return inside.replaceAll(/\\(.)/gs, (_, character: string) => ESCAPES[character] ?? character);
}
