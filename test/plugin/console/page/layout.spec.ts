// How the console's graph is laid out: callers left of callees, circles included, nothing on top of anything else.
import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { type Layout, layOut, type Sizes } from "../../../../plugin/console/page/graph/layout.ts";
import { writePath } from "../../../../plugin/console/page/graph/lines.ts";
import {
  countCrossings,
  orderColumns,
  spread,
} from "../../../../plugin/console/page/graph/order.ts";
import { type Arc, arcKey, rankNodes } from "../../../../plugin/console/page/graph/rank.ts";

const SIZES: Sizes = {
  ...{ nodeWidth: 100, nodeHeight: 50, layerGap: 80, nodeGap: 20, passage: 30 },
  ...{ labelWidth: 60, labelHeight: 20, margin: 10 },
};

/** `a>b a>c` as arcs. */
function arcs(text: string): readonly Arc[] {
  return text
    .split(" ")
    .filter(Boolean)
    .map((pair) => {
      const [source = "", destination = ""] = pair.split(">");
      return { source, destination };
    });
}

function namesIn(list: readonly Arc[]): readonly string[] {
  return [...new Set(list.flatMap(({ source, destination }) => [source, destination]))].sort();
}

describe("columns", () => {
  const cases: readonly (readonly [string, string, Readonly<Record<string, number>>, string])[] = [
    ["a chain", "a>b b>c", { a: 0, b: 1, c: 2 }, ""],
    ["the longest way counts", "a>b b>c a>c", { a: 0, b: 1, c: 2 }, ""],
    ["a late caller stands right before its callee", "a>b b>c x>c", { a: 0, b: 1, c: 2, x: 1 }, ""],
    ["a circle of two", "a>b b>a", { a: 0, b: 1 }, "b>a"],
    ["a circle that is entered", "in>a a>b b>c c>a", { in: 0, a: 1, b: 2, c: 3 }, "c>a"],
    ["a call of itself", "a>a a>b", { a: 0, b: 1 }, ""],
  ];
  for (const [what, text, ranks, backward] of cases)
    it(`${what}: ${text}`, () => {
      const list = arcs(text);
      const ranked = rankNodes(namesIn(list), list);
      assert.deepEqual(Object.fromEntries(ranked.ranks), ranks);
      assert.deepEqual([...ranked.backward], arcs(backward).map(arcKey));
    });
});

describe("the order within columns", () => {
  const cells = (...ids: string[]): { id: string; size: number }[] =>
    ids.map((id) => ({ id, size: 10 }));

  it("has no crossings where none are needed", () => {
    const columns = [cells("a", "b", "c"), cells("x", "y", "z")];
    const segments = arcs("a>z b>y c>x").map(({ source, destination }) => ({
      ...{ from: source, to: destination },
    }));
    assert.equal(countCrossings(columns, segments), 3);
    assert.equal(countCrossings(orderColumns(columns, segments), segments), 0);
  });

  const spreads: readonly (readonly [readonly number[], readonly number[]])[] = [
    [
      [0, 100],
      [0, 100],
    ],
    [
      [50, 50],
      [44, 56],
    ],
    [
      [100, 0],
      [44, 56],
    ],
    [
      [0, 5, 100],
      [-3.5, 8.5, 100],
    ],
    [[], []],
  ];
  for (const [wanted, placed] of spreads)
    it(`moves ${JSON.stringify(wanted)} as little as the gap of 2 asks for`, () => {
      const column = cells(...wanted.map(String));
      assert.deepEqual(spread(column, wanted, 2), placed);
    });
});

describe("the layout", () => {
  it("stands callers left of callees, or above them where it is narrow", () => {
    const list = arcs("web>orders orders>redis");
    const right = layOut(namesIn(list), list, SIZES, "right", 0);
    assert.deepEqual(Object.fromEntries(right.nodes), {
      web: { x: 10, y: 10 },
      orders: { x: 190, y: 10 },
      redis: { x: 370, y: 10 },
    });
    assert.deepEqual([right.width, right.height], [480, 70]);
    const down = layOut(namesIn(list), list, SIZES, "down", 0);
    assert.deepEqual(down.nodes.get("redis"), { x: 10, y: 10 + 2 * (50 + 80) });
    assert.deepEqual([down.width, down.height], [120, 330]);
  });

  it("draws a line from the caller's side to the callee's", () => {
    const list = arcs("a>b");
    const line = layOut(["a", "b"], list, SIZES, "right", 0).lines.get("a\0b");
    assert.ok(line !== undefined);
    assert.equal(writePath(line), "M110,35C150,35 150,35 190,35");
    assert.deepEqual(line.label, { x: 150, y: 35 });
  });

  it("draws backwards what goes round in a circle", () => {
    const line = layOut(["a", "b"], arcs("a>b b>a"), SIZES, "right", 0).lines.get("b\0a");
    const [start] = line?.points ?? [];
    assert.equal(start?.x, 190);
    assert.equal(line?.points.at(-1)?.x, 110);
  });

  it("puts services without calls in rows beneath", () => {
    const { nodes, height } = layOut(["a", "b", "c", "d"], arcs("a>b"), SIZES, "right", 250);
    assert.deepEqual(nodes.get("c"), { x: 10, y: 70 });
    assert.deepEqual(nodes.get("d"), { x: 130, y: 70 });
    assert.equal(height, 130);
  });

  it("is empty for nothing", () => {
    assert.deepEqual(layOut([], [], SIZES, "right", 500), {
      ...{ width: 0, height: 0, nodes: new Map(), lines: new Map() },
    });
  });

  const graphs = fc.array(fc.tuple(fc.nat(14), fc.nat(14)), { maxLength: 40 });
  for (const direction of ["right", "down"] as const)
    it(`shows everything, within its frame and side by side, whatever calls whom (${direction})`, () => {
      fc.assert(
        fc.property(graphs, (pairs) => {
          const unique = new Map(pairs.map(([a, b]) => [`${a}>${b}`, true]));
          const list = arcs([...unique.keys()].join(" "));
          const ids = Array.from({ length: 15 }, (_, at) => String(at));
          const layout = layOut(ids, list, SIZES, direction, 400);
          assert.deepEqual([...layout.nodes.keys()].sort(), ids.toSorted());
          assert.equal(layout.lines.size, list.length);
          assertApart(layout);
          assertCallersFirst(layout, ids, list, direction);
        }),
      );
    });
});

function assertApart({ nodes, lines, width, height }: Layout): void {
  const boxes = [...nodes.values()];
  for (const [index, a] of boxes.entries()) {
    assert.ok(a.x >= 0 && a.y >= 0);
    assert.ok(a.x + SIZES.nodeWidth <= width + 0.01 && a.y + SIZES.nodeHeight <= height + 0.01);
    for (const b of boxes.slice(index + 1)) {
      const beside = Math.abs(a.x - b.x) >= SIZES.nodeWidth - 0.01;
      const above = Math.abs(a.y - b.y) >= SIZES.nodeHeight - 0.01;
      assert.ok(beside || above, JSON.stringify([a, b]));
    }
  }
  for (const { points, label } of lines.values())
    for (const { x, y } of [...points, label]) assert.ok(Number.isFinite(x + y));
}

function assertCallersFirst(
  { nodes }: Layout,
  ids: readonly string[],
  list: readonly Arc[],
  direction: "right" | "down",
): void {
  const axis = direction === "right" ? "x" : "y";
  const { backward } = rankNodes(
    ids.filter((id) => list.some((arc) => arc.source === id || arc.destination === id)),
    list,
  );
  for (const arc of list) {
    if (arc.source === arc.destination) continue;
    const [from, to] = [
      nodes.get(arc.source)?.[axis] ?? 0,
      nodes.get(arc.destination)?.[axis] ?? 0,
    ];
    assert.equal(from > to, backward.has(arcKey(arc)), arcKey(arc));
  }
}
