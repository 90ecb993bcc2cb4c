// Second half of the layout: the order within each column, with few crossings, and how far down each node stands. Pure.

/** A node of a column: a real one, or the place where a long arc passes. */
export interface Cell {
  readonly id: string;
  readonly size: number;
}

/** From a cell of one column to a cell of the next one. */
export interface Segment {
  readonly from: string;
  readonly to: string;
}

const SWEEPS = 12;

/** Sorts each column by where its neighbours stand, forth and back, and keeps the order with the fewest crossings. */
export function orderColumns(
  columns: readonly (readonly Cell[])[],
  segments: readonly Segment[],
): readonly (readonly Cell[])[] {
  const neighbours = groupNeighbours(segments);
  let current = columns;
  let best = { columns, crossings: countCrossings(columns, segments) };
  for (let sweep = 0; sweep < SWEEPS && best.crossings > 0; sweep += 1) {
    current = sweepOnce(current, neighbours, sweep % 2 === 0);
    const crossings = countCrossings(current, segments);
    if (crossings < best.crossings) best = { columns: current, crossings };
  }
  return best.columns;
}

/** Pairs of segments that cross. */
export function countCrossings(
  columns: readonly (readonly Cell[])[],
  segments: readonly Segment[],
): number {
  const places = placesOf(columns);
  const byColumn = new Map<number, { from: number; to: number }[]>();
  for (const { from, to } of segments) {
    const start = places.get(from);
    const end = places.get(to);
    if (start === undefined || end === undefined) continue;
    const list = byColumn.get(start.column) ?? [];
    list.push({ from: start.row, to: end.row });
    byColumn.set(start.column, list);
  }
  let crossings = 0;
  for (const list of byColumn.values()) {
    for (const [index, a] of list.entries()) {
      for (const b of list.slice(index + 1))
        if ((a.from - b.from) * (a.to - b.to) < 0) crossings += 1;
    }
  }
  return crossings;
}

function sweepOnce(
  columns: readonly (readonly Cell[])[],
  neighbours: Neighbours,
  forth: boolean,
): readonly (readonly Cell[])[] {
  const result = [...columns];
  const indices = columns.map((_, index) => (forth ? index : columns.length - 1 - index)).slice(1);
  for (const index of indices) {
    const rows = new Map(
      (result[index + (forth ? -1 : 1)] ?? []).map((cell, row) => [cell.id, row]),
    );
    const sides = forth ? neighbours.before : neighbours.after;
    const wanted = new Map(
      (result[index] ?? []).map((cell, row) => {
        const near = (sides.get(cell.id) ?? []).map((id) => rows.get(id)).filter(isNumber);
        return [cell.id, near.length === 0 ? row : mean(near)];
      }),
    );
    result[index] = (result[index] ?? []).toSorted(
      (a, b) => (wanted.get(a.id) ?? 0) - (wanted.get(b.id) ?? 0),
    );
  }
  return result;
}

/** Middle of each cell along its column: as near to its neighbours as order and gaps allow. The smallest edge is at 0. */
export function placeCells(
  columns: readonly (readonly Cell[])[],
  segments: readonly Segment[],
  gap: number,
): ReadonlyMap<string, number> {
  const { before, after } = groupNeighbours(segments);
  const centres = new Map<string, number>();
  for (const column of columns) stack(column, gap, centres);
  for (let pass = 0; pass < 10; pass += 1) {
    const order = pass % 2 === 0 ? columns : columns.toReversed();
    for (const column of order) {
      const wanted = column.map(({ id }) => {
        const near = [...(before.get(id) ?? []), ...(after.get(id) ?? [])]
          .map((name) => centres.get(name))
          .filter(isNumber);
        return near.length === 0 ? (centres.get(id) ?? 0) : mean(near);
      });
      const placed = spread(column, wanted, gap);
      for (const [index, { id }] of column.entries()) centres.set(id, placed[index] ?? 0);
    }
  }
  return fromZero(columns.flat(), centres);
}

/**
 * The positions nearest to the wanted ones (least squares) that keep the order and the gaps: what would overlap moves as one
 * block, to the mean of what its members want.
 */
export function spread(
  column: readonly Cell[],
  wanted: readonly number[],
  gap: number,
): readonly number[] {
  const offsets = offsetsOf(column, gap);
  const blocks: { sum: number; count: number }[] = [];
  for (const [index, offset] of offsets.entries()) {
    let block = { sum: (wanted[index] ?? 0) - offset, count: 1 };
    for (let last = blocks.at(-1); last !== undefined; last = blocks.at(-1)) {
      if (last.sum / last.count < block.sum / block.count) break;
      block = { sum: last.sum + block.sum, count: last.count + block.count };
      blocks.pop();
    }
    blocks.push(block);
  }
  const starts = blocks.flatMap(({ sum, count }) => new Array<number>(count).fill(sum / count));
  return offsets.map((offset, index) => offset + (starts[index] ?? 0));
}

function stack(column: readonly Cell[], gap: number, centres: Map<string, number>): void {
  const offsets = offsetsOf(column, gap);
  const middle = (offsets.at(-1) ?? 0) / 2;
  for (const [index, { id }] of column.entries()) centres.set(id, (offsets[index] ?? 0) - middle);
}

/** Middles of cells that stand as close as they may, the first at 0. */
function offsetsOf(column: readonly Cell[], gap: number): readonly number[] {
  let at = 0;
  return column.map(({ size }, index) => {
    const last = column[index - 1];
    if (last !== undefined) at += last.size / 2 + gap + size / 2;
    return at;
  });
}

function fromZero(
  cells: readonly Cell[],
  centres: ReadonlyMap<string, number>,
): ReadonlyMap<string, number> {
  const top = Math.min(...cells.map(({ id, size }) => (centres.get(id) ?? 0) - size / 2));
  return new Map(cells.map(({ id }) => [id, (centres.get(id) ?? 0) - top]));
}

interface Neighbours {
  readonly before: ReadonlyMap<string, readonly string[]>;
  readonly after: ReadonlyMap<string, readonly string[]>;
}

function groupNeighbours(segments: readonly Segment[]): Neighbours {
  const before = new Map<string, string[]>();
  const after = new Map<string, string[]>();
  for (const { from, to } of segments) {
    after.set(from, [...(after.get(from) ?? []), to]);
    before.set(to, [...(before.get(to) ?? []), from]);
  }
  return { before, after };
}

function placesOf(
  columns: readonly (readonly Cell[])[],
): ReadonlyMap<string, { column: number; row: number }> {
  return new Map(
    columns.flatMap((cells, column) => cells.map(({ id }, row) => [id, { column, row }] as const)),
  );
}

function isNumber(value: number | undefined): value is number {
  return value !== undefined;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
