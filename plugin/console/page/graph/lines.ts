// The curves between nodes and where their labels stand. Lines leave and enter a node beside each other, sorted by where they
// go. Everything is computed as if layers went from left to right; for the other direction the axes are swapped. Pure.
import { spread } from "./order.ts";
import { type Arc, arcKey } from "./rank.ts";

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Line {
  /** From caller to callee: a start, then for each cubic curve two control points and its end. */
  readonly points: readonly Point[];
  /** Middle of the label. */
  readonly label: Point;
}

export interface Drawing {
  readonly arcs: readonly Arc[];
  /** Cells that an arc passes from left to right, by {@link arcKey}. */
  readonly chains: ReadonlyMap<string, readonly string[]>;
  readonly backward: ReadonlySet<string>;
  /** Left edge and middle of a cell. */
  readonly at: (id: string) => Point;
  /** Extent of a layer, and of a node within it. */
  readonly along: number;
  readonly across: number;
  readonly direction: "right" | "down";
  /** Extent of a label along the layers. */
  readonly labelSize: number;
}

/** Farthest apart that two lines touch a node, px. */
const PORT_STEP = 20;
/** Nearest to a node's corner. */
const CORNER = 10;
/** Between two labels. */
const LABEL_GAP = 3;
/** How far a call of itself goes out of the node. */
const LOOP = 34;
const ORIGIN: Point = { x: 0, y: 0 };
export function drawLines(drawing: Drawing): ReadonlyMap<string, Line> {
  const ports = placePorts(drawing);
  const lines = drawing.arcs.map((arc): readonly [string, Line] => {
    const key = arcKey(arc);
    const chain = drawing.chains.get(key);
    if (chain === undefined) return [key, loop(drawing, arc.source)];
    return [key, curve(pointsOf(key, chain, drawing, ports), drawing.backward.has(key))];
  });
  const swapped = drawing.direction === "down";
  const apart = keepApart(lines, drawing.labelSize);
  return new Map(swapped ? apart.map(([key, line]) => [key, swapLine(line)]) : apart);
}

/** Labels between the same two layers are moved along them as little as it takes that none covers another. */
function keepApart(
  lines: readonly (readonly [string, Line])[],
  size: number,
): readonly (readonly [string, Line])[] {
  const groups = Map.groupBy(lines, ([, { label }]) => Math.round(label.x));
  return [...groups.values()].flatMap((group) => {
    const sorted = group.toSorted(([, a], [, b]) => a.label.y - b.label.y);
    const wanted = sorted.map(([, { label }]) => label.y);
    const cells = sorted.map(([id]) => ({ id, size }));
    const placed = spread(cells, wanted, LABEL_GAP);
    return sorted.map(([key, { points, label }], index): readonly [string, Line] => [
      key,
      { points, label: { x: label.x, y: placed[index] ?? label.y } },
    ]);
  });
}

/** Where each line touches its left and its right node, along the layer, by key and side. */
function placePorts({ chains, at, across }: Drawing): ReadonlyMap<string, number> {
  const sides = new Map<string, { readonly port: string; readonly towards: number }[]>();
  const touch = (side: string, port: string, towards: number): void => {
    sides.set(side, [...(sides.get(side) ?? []), { port, towards }]);
  };
  for (const [key, chain] of chains) {
    const [first = "", second = ""] = chain;
    const [beforeLast = "", last = ""] = chain.slice(-2);
    touch(`${first}\0right`, `${key}\0start`, at(second).y);
    touch(`${last}\0left`, `${key}\0end`, at(beforeLast).y);
  }
  const ports = new Map<string, number>();
  for (const [side, touching] of sides) {
    const { y } = at(side.slice(0, side.lastIndexOf("\0")));
    const step = Math.min(PORT_STEP, (across - 2 * CORNER) / Math.max(1, touching.length - 1));
    const sorted = touching.toSorted((a, b) => a.towards - b.towards);
    for (const [index, { port }] of sorted.entries())
      ports.set(port, y + (index - (sorted.length - 1) / 2) * step);
  }
  return ports;
}

/** Pairs of points between which a curve runs; between pairs the line goes straight through a layer. */
function pointsOf(
  key: string,
  chain: readonly string[],
  { at, along }: Drawing,
  ports: ReadonlyMap<string, number>,
): readonly Point[] {
  const points: Point[] = [];
  for (const [index, id] of chain.entries()) {
    const { x, y } = at(id);
    if (index === 0) points.push({ x: x + along, y: ports.get(`${key}\0start`) ?? y });
    else if (index === chain.length - 1) points.push({ x, y: ports.get(`${key}\0end`) ?? y });
    else points.push({ x, y }, { x: x + along, y });
  }
  return points;
}

function curve(points: readonly Point[], isBackward: boolean): Line {
  // Of a long line in the middle of the layer that it passes, where it is straight; otherwise between the two layers.
  const middle = Math.floor((points.length - 1) / 2);
  const [from = ORIGIN, to = ORIGIN] = [points[middle], points[middle + 1]];
  const label = { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 };
  const ordered = isBackward ? points.toReversed() : points;
  const [start = ORIGIN, ...rest] = ordered;
  const path = [start];
  let last = start;
  for (const point of rest) {
    const half = (last.x + point.x) / 2;
    path.push({ x: half, y: last.y }, { x: half, y: point.y }, point);
    last = point;
  }
  return { points: path, label };
}

/** A call of itself: out of the node's upper edge and back. */
function loop({ at, along, across }: Drawing, id: string): Line {
  const { x, y } = at(id);
  const top = y - across / 2;
  const [a, b] = [x + along * 0.7, x + along * 0.85];
  return {
    points: [
      { x: a, y: top },
      { x: a, y: top - LOOP },
      { x: b, y: top - LOOP },
      { x: b, y: top },
    ],
    label: { x: (a + b) / 2, y: top - LOOP * 0.75 },
  };
}

function swapLine({ points, label }: Line): Line {
  return { points: points.map(swap), label: swap(label) };
}

function swap({ x, y }: Point): Point {
  return { x: y, y: x };
}

/** For the attribute `d` of a path. */
export function writePath({ points }: Line): string {
  const [start = ORIGIN, ...rest] = points;
  return `M${write(start)}C${rest.map(write).join(" ")}`;
}

function write({ x, y }: Point): string {
  return `${round(x)},${round(y)}`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
