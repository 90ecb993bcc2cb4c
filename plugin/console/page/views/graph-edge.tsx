// A call in the picture: a line whose width tells how much goes on, and a label with the numbers and the lock.
import type { VNode } from "preact";
import { type Line, writePath } from "../graph/lines.ts";
import { type TopologyEdge, weight } from "../graph/topology.ts";
import { describeTraffic, edgeTitle } from "../model/edges.ts";
import { formatPlace, type Place } from "../model/place.ts";
import { Glyph } from "../parts/icons.tsx";

const LABEL = { width: 124, height: 34, brief: 66, line: 18 } as const;

export function EdgeLine(props: {
  readonly edge: TopologyEdge;
  readonly line: Line | undefined;
  readonly chosen: boolean;
  readonly animated: boolean;
}): VNode | null {
  const { edge, line, chosen, animated } = props;
  if (line === undefined) return null;
  const busy = weight(edge);
  const thickness = 1.5 + Math.min(3, Math.log10(1 + busy));
  const path = writePath(line);
  const state = `${edge.trouble} ${edge.security} ${busy === 0 ? "idle" : ""} ${chosen ? "chosen" : ""}`;
  return (
    <g class={`line ${state}`}>
      <path class="wire" d={path} stroke-width={thickness} marker-end="url(#arrow)" />
      {animated && busy > 0 && (
        <path class={`flow ${speed(busy)}`} d={path} stroke-width={thickness} />
      )}
    </g>
  );
}

/** At the callee's end of every line, in its colour. */
export function ArrowHead(): VNode {
  return (
    <defs>
      <marker
        {...{ id: "arrow", viewBox: "0 0 8 8", refX: 7, refY: 4 }}
        {...{ markerWidth: 9, markerHeight: 9, markerUnits: "userSpaceOnUse", orient: "auto" }}
      >
        <path d="M0 0L8 4L0 8z" fill="context-stroke" />
      </marker>
    </defs>
  );
}

export function EdgeLabel(props: {
  readonly edge: TopologyEdge;
  readonly line: Line | undefined;
  readonly place: Place;
  readonly chosen: boolean;
  readonly brief: boolean;
}): VNode | null {
  const { edge, line, place, chosen } = props;
  if (line === undefined) return null;
  const brief = props.brief && !chosen && edge.trouble === "none";
  const width = brief ? LABEL.brief : LABEL.width;
  const height = brief ? LABEL.line : LABEL.height;
  const [x, y] = [line.label.x - width / 2, line.label.y - height / 2];
  const { main, times } = describeTraffic(edge);
  const { source, destination } = edge;
  const { focus } = place.query;
  return (
    <a
      class={`edge ${edge.trouble} ${edge.security}`}
      href={formatPlace("topology", [], { focus, source, destination })}
      aria-label={edgeTitle(edge)}
      aria-current={chosen ? "true" : undefined}
    >
      <title>{edgeTitle(edge)}</title>
      <rect x={x} y={y} width={width} height={height} rx="8" />
      <Glyph
        name={edge.security === "mtls" ? "locked" : "unlocked"}
        x={x + 5}
        y={y + 3}
        size={12}
      />
      <text x={x + 20} y={y + 13}>
        {brief ? main.split(" · ")[0] : main}
      </text>
      {!brief && (
        <text class="times" x={x + 20} y={y + 28}>
          {times}
        </text>
      )}
    </a>
  );
}

function speed(busy: number): "slow" | "steady" | "fast" {
  if (busy < 2) return "slow";
  return busy < 50 ? "steady" : "fast";
}
