// How much a pattern costs for each character of a text. Linear time alone is not enough: `(?:.*.*.*){16}` repeated is
// linear too, at 60 µs a character.

/** What is left of a pattern once its counted repetitions are written out. */
export interface PatternCost {
  /** Characters, classes and groups. */
  atoms: number;
  /** Places where more than one way goes on: `*`, `+`, `?`, `|`, and repetitions whose number is open. */
  choices: number;
}

const QUANTIFIER = /\*\??|\+\??|\?\??|\{(\d+)(,(\d*))?\}\??/y;
const CLASS = /\[(?:\\.|[^\]\\])*\]/y;
const ESCAPE = /\\(?:[pPu]\{[^}]*\}|.)/sy;
const OPENING = /\((?:\?(?:[:=!]|<[=!]|<[^>]*>))?/y;

/** Of a pattern whose syntax is right. */
export function patternCost(pattern: string): PatternCost {
  const sum = new CostSum();
  for (let at = 0; at < pattern.length; ) at += sum.take(pattern, at);
  return sum.total;
}

class CostSum {
  readonly total: PatternCost = { atoms: 0, choices: 0 };
  /** The whole, and the groups that are open, the innermost last. */
  readonly #open: PatternCost[] = [this.total];
  /** What a quantifier would repeat. */
  #last: PatternCost = { atoms: 0, choices: 0 };

  /** Counts what stands at that place; its length. */
  take(pattern: string, at: number): number {
    const quantifier = matchAt(QUANTIFIER, pattern, at);
    if (quantifier !== undefined) {
      this.#add(repeat(this.#last, quantifier));
      return quantifier[0].length;
    }
    const opening = matchAt(OPENING, pattern, at);
    if (opening !== undefined) {
      this.#open.push({ atoms: 1, choices: 0 });
      return opening[0].length;
    }
    return this.#takeAtom(pattern, at);
  }

  #takeAtom(pattern: string, at: number): number {
    if (pattern[at] === "|") {
      this.#add({ atoms: 0, choices: 1 });
      return 1;
    }
    const group = pattern[at] === ")" ? this.#open.pop() : undefined;
    this.#last = group ?? { atoms: 1, choices: 0 };
    this.#add(this.#last);
    const token = matchAt(CLASS, pattern, at) ?? matchAt(ESCAPE, pattern, at);
    return token?.[0].length ?? 1;
  }

  #add({ atoms, choices }: PatternCost): void {
    const group = this.#open.at(-1) ?? this.total;
    group.atoms += atoms;
    group.choices += choices;
  }
}

/** What comes on top of the first time. */
function repeat({ atoms, choices }: PatternCost, quantifier: RegExpExecArray): PatternCost {
  const [, least, open, most] = quantifier;
  if (least === undefined) return { atoms: 0, choices: 1 };
  const times = Math.max(Number(least), Number(most || least), 1);
  const ways = open === undefined ? 0 : Math.max(1, times - Number(least));
  return { atoms: atoms * (times - 1), choices: choices * (times - 1) + ways };
}

function matchAt(expression: RegExp, text: string, at: number): RegExpExecArray | undefined {
  expression.lastIndex = at;
  return expression.exec(text) ?? undefined;
}
