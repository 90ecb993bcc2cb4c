// Where nodes, lines and labels of the graph are drawn. Layers from left to right, or from top to bottom where the screen is
// narrow; services without calls stand in rows beneath. Pure: the same input gives the same picture.

import { drawLines, type Line, type Point } from "./lines.ts";
import { type Cell, orderColumns, placeCells, type Segment } from "./order.ts";
import { type Arc, arcKey, rankNodes } from "./rank.ts";

export interface Sizes {
  readonly nodeWidth: number;
  readonly nodeHeight: number;
  /** Between layers: room for the lines' labels. */
  readonly layerGap: number;
  /** Between nodes of one layer. */
  readonly nodeGap: number;
  /** Room that a long line takes where it passes a layer. */
  readonly passage: number;
  /** Of the lines' labels. */
  readonly labelWidth: number;
  readonly labelHeight: number;
  /** Around everything. */
  readonly margin: number;
}

export type Direction = "right" | "down";

export interface Layout {
  readonly width: number;
  readonly height: number;
  /** Top left corner of each node, in the order of layers: the order of focus. */
  readonly nodes: ReadonlyMap<string, Point>;
  /** By {@link arcKey}. */
  readonly lines: ReadonlyMap<string, Line>;
}

/** Where a layer's cells stand along it, and the layers behind one another; axes are swapped at the end. */
export function layOut(
  ids: readonly string[],
  arcs: readonly Arc[],
  sizes: Sizes,
  direction: Direction,
  room: number,
): Layout {
  const known = new Set(ids);
  const drawn = arcs.filter(
    ({ source, destination }) => known.has(source) && known.has(destination),
  );
  const busy = new Set(drawn.flatMap(({ source, destination }) => [source, destination]));
  const connected = ids.filter((id) => busy.has(id));
  const { nodes, lines, width, height } = layOutConnected(connected, drawn, sizes, direction);
  const rest = placeRest(
    ids.filter((id) => !busy.has(id)),
    sizes,
    Math.max(width, room),
    connected.length === 0 ? sizes.margin : height,
  );
  return {
    width: Math.max(width, rest.width),
    height: Math.max(height, rest.height),
    nodes: new Map([...nodes, ...rest.nodes]),
    lines,
  };
}

function layOutConnected(
  ids: readonly string[],
  arcs: readonly Arc[],
  sizes: Sizes,
  direction: Direction,
): Layout {
  if (ids.length === 0) return { width: 0, height: 0, nodes: new Map(), lines: new Map() };
  const across = direction === "right" ? sizes.nodeHeight : sizes.nodeWidth;
  const along = direction === "right" ? sizes.nodeWidth : sizes.nodeHeight;
  const { ranks, backward } = rankNodes(ids, arcs);
  const chains = chainsOf(arcs, ranks, backward);
  const columns = columnsOf(ids, ranks, chains, { node: across, passage: sizes.passage });
  const segments: Segment[] = [...chains.values()].flatMap((chain) =>
    chain.slice(1).map((to, index) => ({ from: chain[index] ?? "", to })),
  );
  const ordered = orderColumns(columns, segments);
  const centres = placeCells(ordered, segments, sizes.nodeGap);
  const depth = new Map(
    ordered.flatMap((cells, column) => cells.map(({ id }) => [id, column] as const)),
  );
  const at = (id: string): Point => ({
    x: sizes.margin + (depth.get(id) ?? 0) * (along + sizes.layerGap),
    y: sizes.margin + (centres.get(id) ?? 0),
  });
  const labelSize = direction === "right" ? sizes.labelHeight : sizes.labelWidth;
  const lines = drawLines({ arcs, chains, backward, at, along, across, direction, labelSize });
  const ends = ordered.flat().map(({ id, size }) => (centres.get(id) ?? 0) + size / 2);
  const length = 2 * sizes.margin + ordered.length * (along + sizes.layerGap) - sizes.layerGap;
  const breadth = 2 * sizes.margin + Math.max(...ends);
  const nodes = ordered.flatMap((cells) =>
    cells
      .filter(({ id }) => ranks.has(id))
      .map(({ id }): [string, Point] => {
        const { x, y } = at(id);
        const corner = { x, y: y - across / 2 };
        return [id, direction === "right" ? corner : { x: corner.y, y: corner.x }];
      }),
  );
  return {
    width: direction === "right" ? length : breadth,
    height: direction === "right" ? breadth : length,
    nodes: new Map(nodes),
    lines,
  };
}

/** Each arc as the cells it passes, from left to right; a call of itself passes none. */
function chainsOf(
  arcs: readonly Arc[],
  ranks: ReadonlyMap<string, number>,
  backward: ReadonlySet<string>,
): ReadonlyMap<string, readonly string[]> {
  const chains = new Map<string, readonly string[]>();
  for (const arc of arcs) {
    const key = arcKey(arc);
    if (arc.source === arc.destination) continue;
    const [start, end] = backward.has(key)
      ? [arc.destination, arc.source]
      : [arc.source, arc.destination];
    const passed: string[] = [];
    for (let rank = (ranks.get(start) ?? 0) + 1; rank < (ranks.get(end) ?? 0); rank += 1)
      passed.push(`${key}\0${rank}`);
    chains.set(key, [start, ...passed, end]);
  }
  return chains;
}

function columnsOf(
  ids: readonly string[],
  ranks: ReadonlyMap<string, number>,
  chains: ReadonlyMap<string, readonly string[]>,
  size: { readonly node: number; readonly passage: number },
): readonly (readonly Cell[])[] {
  const columns: Cell[][] = [];
  const put = (rank: number, cell: Cell): void => {
    while (columns.length <= rank) columns.push([]);
    columns[rank]?.push(cell);
  };
  for (const id of ids) put(ranks.get(id) ?? 0, { id, size: size.node });
  for (const chain of chains.values()) {
    const first = ranks.get(chain[0] ?? "") ?? 0;
    for (const [index, id] of chain.slice(1, -1).entries())
      put(first + index + 1, { id, size: size.passage });
  }
  return columns;
}

/** Rows of nodes that have nothing to do with any other. */
function placeRest(
  ids: readonly string[],
  { nodeWidth, nodeHeight, nodeGap, margin }: Sizes,
  room: number,
  top: number,
): Omit<Layout, "lines"> {
  if (ids.length === 0) return { width: 0, height: 0, nodes: new Map() };
  const step = nodeWidth + nodeGap;
  const perRow = Math.max(1, Math.floor((room - 2 * margin + nodeGap) / step));
  const nodes = ids.map((id, index): [string, Point] => [
    id,
    {
      x: margin + (index % perRow) * step,
      y: top + Math.floor(index / perRow) * (nodeHeight + nodeGap),
    },
  ]);
  const rows = Math.ceil(ids.length / perRow);
  return {
    width: 2 * margin + Math.min(ids.length, perRow) * step - nodeGap,
    height: top + rows * (nodeHeight + nodeGap) - nodeGap + margin,
    nodes: new Map(nodes),
  };
}
