// The picture of the mesh. Every service and every call is a link to its details, so that mouse, keyboard and the back button
// need nothing of their own.
import type { VNode } from "preact";
import { useMemo } from "preact/hooks";
import { useWidth } from "../client/hooks.ts";
import { layOut, type Sizes } from "../graph/layout.ts";
import type { Point } from "../graph/lines.ts";
import { arcKey } from "../graph/rank.ts";
import { OUTSIDE, type Topology, type TopologyNode } from "../graph/topology.ts";
import { count, shortenName } from "../model/format.ts";
import { formatPlace, type Place } from "../model/place.ts";
import { ArrowHead, EdgeLabel, EdgeLine } from "./graph-edge.tsx";
import { Legend } from "./graph-legend.tsx";

const SIZES: Sizes = {
  ...{ nodeWidth: 172, nodeHeight: 54, layerGap: 152, nodeGap: 30, passage: 40, margin: 20 },
  ...{ labelWidth: 124, labelHeight: 34 },
};
/** px beneath which layers go from top to bottom. */
const NARROW = 640;
const NARROW_SIZES: Sizes = { ...SIZES, nodeWidth: 150, layerGap: 78, nodeGap: 18, passage: 130 };
/** Width of a letter of a name, px, in a wide font. */
const LETTER = 8.2;
/** How small the picture may be shown until its box scrolls. */
const SMALLEST = 0.85;
/** Lines beyond which only those in trouble have a label that says everything. */
const LABELLED = 30;

export function Graph(props: { readonly topology: Topology; readonly place: Place }): VNode {
  const { topology, place } = props;
  const [box, width] = useWidth<HTMLDivElement>();
  const narrow = width > 0 && width < NARROW;
  // Rates change every second, but who calls whom seldom does: only that moves anything.
  const shape = JSON.stringify([
    topology.nodes.map(({ id }) => id),
    topology.edges.map(({ source, destination }) => [source, destination]),
  ]);
  const layout = useMemo(() => {
    const ids = topology.nodes.map(({ id }) => id).toSorted(outsideFirst);
    const sizes = narrow ? NARROW_SIZES : SIZES;
    return layOut(ids, topology.edges, sizes, narrow ? "down" : "right", width);
  }, [shape, narrow, width]);
  const scale = Math.min(1, Math.max(SMALLEST, width / Math.max(1, layout.width)));
  const nodes = new Map(topology.nodes.map((node) => [node.id, node]));
  const brief = topology.edges.length > LABELLED;
  const chosen = place.query["service"];
  return (
    <section
      class="graph"
      aria-label={`${count(topology.nodes.length, "service")}, ${count(topology.edges.length, "call")}`}
    >
      <div class="graph-box" ref={box}>
        {width > 0 && (
          <svg
            width={Math.round(layout.width * scale)}
            height={Math.round(layout.height * scale)}
            viewBox={`0 0 ${Math.ceil(layout.width)} ${Math.ceil(layout.height)}`}
            role="none"
          >
            <ArrowHead />
            <g>
              {topology.edges.map((edge) => (
                <EdgeLine
                  {...{ key: arcKey(edge), edge, line: layout.lines.get(arcKey(edge)) }}
                  {...{ chosen: isChosen(place, edge), animated: !brief }}
                />
              ))}
            </g>
            {[...layout.nodes].map(([id, at]) => (
              <g key={id}>
                <NodeBox
                  {...{ node: nodes.get(id), at, place, chosen: chosen === id }}
                  width={narrow ? NARROW_SIZES.nodeWidth : SIZES.nodeWidth}
                />
                {topology.edges
                  .filter(({ source }) => source === id)
                  .map((edge) => (
                    <EdgeLabel
                      {...{ key: arcKey(edge), edge, line: layout.lines.get(arcKey(edge)), place }}
                      {...{ chosen: isChosen(place, edge), brief }}
                    />
                  ))}
              </g>
            ))}
          </svg>
        )}
      </div>
      <Legend />
    </section>
  );
}

function NodeBox(props: {
  readonly node: TopologyNode | undefined;
  readonly at: Point;
  readonly place: Place;
  readonly chosen: boolean;
  readonly width: number;
}): VNode | null {
  const { node, at, place, chosen, width } = props;
  if (node === undefined) return null;
  const { focus } = place.query;
  const state = describe(node);
  const title = node.kind === "outside" ? "outside the mesh" : node.id;
  return (
    <a
      class={`node ${node.kind} ${node.trouble}`}
      href={formatPlace("topology", [], { focus, service: node.id })}
      aria-label={`${title}: ${state}`}
      aria-current={chosen ? "true" : undefined}
    >
      <title>{`${title}: ${state}`}</title>
      <rect x={at.x} y={at.y} width={width} height={SIZES.nodeHeight} rx="9" />
      <rect class="mark" x={at.x} y={at.y + 10} width="4" height={SIZES.nodeHeight - 20} rx="2" />
      <text class="name" x={at.x + 14} y={at.y + 23}>
        {shortenName(node.id, Math.floor((width - 22) / LETTER))}
      </text>
      <text class="state" x={at.x + 14} y={at.y + 41}>
        {state}
      </text>
    </a>
  );
}

function describe({ kind, instances, passing, protocol, trouble }: TopologyNode): string {
  if (kind === "outside") return "callers without identity";
  if (kind === "gone") return "not in the catalog";
  if (instances === 0) return "no endpoints";
  const health = trouble === "none" ? `${instances} healthy` : `${passing} of ${instances} healthy`;
  return `${health} · ${protocol}`;
}

function isChosen(
  { query }: Place,
  { source, destination }: { readonly source: string; readonly destination: string },
): boolean {
  return query["source"] === source && query["destination"] === destination;
}

function outsideFirst(a: string, b: string): number {
  if (a === OUTSIDE || b === OUTSIDE) return a === OUTSIDE ? -1 : 1;
  return a < b ? -1 : Number(a > b);
}
