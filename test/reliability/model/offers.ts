// From what the catalog said at some moments to what it offered from when to when. Pure.
import type { CatalogBreak, CatalogSeen } from "./observations.ts";

/** From `from` up to `to` the catalog is known to have offered an endpoint, or to have not. Wall clock, ms. */
export interface Span {
  readonly from: number;
  readonly to: number;
  readonly offered: boolean;
}

export interface Offers {
  /** By endpoint, in order; between two spans lies a time of which nothing is known. */
  readonly spans: ReadonlyMap<string, readonly Span[]>;
  /** When the catalog answered again after it had been away. */
  readonly returns: readonly number[];
  /**
   * By endpoint, when it was found well that was not before while the catalog had lost its own agent there: only an agent that
   * is back can have said so, and callers believe it (registry/consul/loss-guard.ts).
   */
  readonly claims: ReadonlyMap<string, readonly number[]>;
}

type Seen = CatalogSeen | CatalogBreak;

/** `end`: until when the last answer holds. */
export function offersOf(catalog: readonly Seen[], end: number): Offers {
  const answers = catalog.filter((seen) => "index" in seen);
  const names = new Set(answers.flatMap(({ offered }) => offered));
  const returns = answers.filter(({ at }) => isReturn(catalog, at)).map(({ at }) => at);
  const spans = new Map([...names].map((name) => [name, spansOf(name, catalog, end)]));
  return { spans, returns, claims: claimsIn(answers) };
}

function claimsIn(answers: readonly CatalogSeen[]): Offers["claims"] {
  const claims = answers.flatMap(({ at, doubted }, position) => {
    const before = answers[position - 1];
    const known = [...(before?.offered ?? []), ...(before?.doubted ?? [])];
    return doubted.filter((name) => !known.includes(name)).map((name) => ({ name, at }));
  });
  const byName = Map.groupBy(claims, ({ name }) => name);
  return new Map([...byName].map(([name, own]) => [name, own.map(({ at }) => at)]));
}

function isReturn(catalog: readonly Seen[], at: number): boolean {
  const position = catalog.findIndex((seen) => "index" in seen && seen.at === at);
  const before = catalog[position - 1];
  return before !== undefined && "broken" in before;
}

function spansOf(name: string, catalog: readonly Seen[], end: number): readonly Span[] {
  const spans: Span[] = [];
  catalog.forEach((seen, position) => {
    if ("broken" in seen || seen.doubted.includes(name)) return;
    const to = catalog[position + 1]?.at ?? end;
    const offered = seen.offered.includes(name);
    const last = spans.at(-1);
    if (last !== undefined && last.to === seen.at && last.offered === offered) {
      spans[spans.length - 1] = { ...last, to };
    } else {
      spans.push({ from: seen.at, to, offered });
    }
  });
  return spans;
}
