// First half of the layout: which column each node stands in. Callers left of callees; of calls that go round in a circle one
// is drawn backwards. Pure.

export interface Arc {
  readonly source: string;
  readonly destination: string;
}

export interface Ranked {
  /** Column of each node, from 0. */
  readonly ranks: ReadonlyMap<string, number>;
  /** Arcs that go from right to left, by {@link arcKey}. */
  readonly backward: ReadonlySet<string>;
}

export function arcKey({ source, destination }: Arc): string {
  return `${source}\0${destination}`;
}

/** The same for the same input: nodes are taken in the order given, those that nobody calls first. */
export function rankNodes(ids: readonly string[], arcs: readonly Arc[]): Ranked {
  const backward = findBackward(ids, arcs);
  const forward = arcs
    .filter(({ source, destination }) => source !== destination)
    .map((arc) => (backward.has(arcKey(arc)) ? flip(arc) : arc));
  const successors = groupTargets(ids, forward);
  const ranks = new Map(ids.map((id) => [id, 0]));
  const order = topological(ids, successors);
  for (const id of order) {
    for (const next of successors.get(id) ?? []) {
      ranks.set(next, Math.max(ranks.get(next) ?? 0, (ranks.get(id) ?? 0) + 1));
    }
  }
  pullToCallees(order, successors, forward, ranks);
  return { ranks, backward };
}

/** Who is called by nobody stands right before its nearest callee, not at the far left. */
function pullToCallees(
  order: readonly string[],
  successors: ReadonlyMap<string, readonly string[]>,
  forward: readonly Arc[],
  ranks: Map<string, number>,
): void {
  const called = new Set(forward.map(({ destination }) => destination));
  for (const id of order) {
    const next = (successors.get(id) ?? []).map((name) => ranks.get(name) ?? 0);
    if (!called.has(id) && next.length > 0) ranks.set(id, Math.min(...next) - 1);
  }
}

/** Arcs that lead back to a node from which one came, found by walking in depth. */
function findBackward(ids: readonly string[], arcs: readonly Arc[]): ReadonlySet<string> {
  const targets = groupTargets(ids, arcs);
  const others = arcs.filter(({ source, destination }) => source !== destination);
  const called = new Set(others.map(({ destination }) => destination));
  const backward = new Set<string>();
  const done = new Set<string>();
  const open = new Set<string>();
  const visit = (id: string): void => {
    open.add(id);
    for (const next of targets.get(id) ?? []) {
      if (open.has(next) && next !== id) backward.add(arcKey({ source: id, destination: next }));
      else if (!open.has(next) && !done.has(next)) visit(next);
    }
    open.delete(id);
    done.add(id);
  };
  for (const id of [...ids.filter((name) => !called.has(name)), ...ids])
    if (!done.has(id)) visit(id);
  return backward;
}

/** Every node before those it calls. `successors` has no circles. */
function topological(
  ids: readonly string[],
  successors: ReadonlyMap<string, readonly string[]>,
): readonly string[] {
  const waiting = new Map(ids.map((id) => [id, 0]));
  for (const targets of successors.values())
    for (const target of targets) waiting.set(target, (waiting.get(target) ?? 0) + 1);
  const order = ids.filter((id) => waiting.get(id) === 0);
  for (const id of order) {
    for (const target of successors.get(id) ?? []) {
      const left = (waiting.get(target) ?? 0) - 1;
      waiting.set(target, left);
      if (left === 0) order.push(target);
    }
  }
  return order;
}

function groupTargets(
  ids: readonly string[],
  arcs: readonly Arc[],
): ReadonlyMap<string, readonly string[]> {
  const targets = new Map<string, string[]>(ids.map((id) => [id, []]));
  for (const { source, destination } of arcs) targets.get(source)?.push(destination);
  return targets;
}

function flip({ source, destination }: Arc): Arc {
  return { source: destination, destination: source };
}
