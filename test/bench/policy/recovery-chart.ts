// A replica's share of the load over time as SVG that stands alone, in light and dark, with the states it goes through.
import type { Recovery } from "./recovery.ts";

const WIDTH = 720;
const HEIGHT = 300;
const LEFT = 56;
const RIGHT = 20;
const TOP = 74;
const BOTTOM = 44;
const HIGHEST = 0.5;
const SECONDS_BETWEEN_MARKS = 5;

const STYLE = `
  text { font: 13px system-ui, "Segoe UI", Helvetica, Arial, sans-serif; fill: #24292f }
  .ground { fill: #ffffff } .title { font-size: 16px; font-weight: 600 } .soft { fill: #57606a }
  .small { font-size: 11px } .share { fill: none; stroke: #1f6feb; stroke-width: 2 }
  .axis { stroke: #afb8c1 } .equal { stroke: #57606a; stroke-dasharray: 4 4 }
  .failing { fill: #cf222e; opacity: .18 } .ejected { fill: #57606a; opacity: .16 }
  .probing { fill: #bf8700; opacity: .3 } .recovering { fill: #1a7f37; opacity: .13 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .ground { fill: #0d1117 } .soft { fill: #9198a1 }
    .share { stroke: #4493f8 } .axis { stroke: #484f58 } .equal { stroke: #9198a1 }
  }`;

export function drawRecovery(recovery: Recovery): string {
  const { end, replicas, shares, failingFrom, failingTo } = recovery;
  const across = (at: number): number => round(LEFT + (at / end) * (WIDTH - LEFT - RIGHT));
  const down = (share: number): number =>
    round(TOP + (1 - Math.min(share, HIGHEST) / HIGHEST) * (HEIGHT - TOP - BOTTOM));
  const line = shares.map(({ at, share }) => `${across(at)},${down(share)}`).join(" ");
  const title = "A replica fails and returns: its share of the requests";
  const caption = `round robin among ${replicas} replicas; each point is ${recovery.span / 1000} s; dashed: an equal share`;
  const parts = [
    ...bands(recovery, across),
    band("failing", across(failingFrom), across(failingTo), ""),
    text("small", across(failingFrom) + 4, TOP + 16, "fails"),
    ...[0, 0.1, 0.2, 0.3, 0.4, 0.5].map((share) => shareMark(share, down(share))),
    ...secondMarks(end, across),
    `<line class="equal" x1="${LEFT}" y1="${down(1 / replicas)}" x2="${WIDTH - RIGHT}" y2="${down(1 / replicas)}"/>`,
    `<polyline class="share" points="${line}"/>`,
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img">
<title>${title}</title>
<style>${STYLE}
</style>
<rect class="ground" width="${WIDTH}" height="${HEIGHT}" rx="6"/>
${text("title", 20, 30, title)}
${text("soft", 20, 50, caption)}
${parts.join("\n")}
</svg>
`;
}

/** One for each state but health, named above it. */
function bands({ states, end }: Recovery, across: (at: number) => number): readonly string[] {
  return states.flatMap(({ state, at }, index) => {
    if (state === "healthy") return [];
    return [band(state, across(at), across(states[index + 1]?.at ?? end), state)];
  });
}

function band(kind: string, from: number, to: number, name: string): string {
  const label = to - from > name.length * 6 ? text("small soft", from + 4, TOP - 5, name) : "";
  const width = round(Math.max(to - from, 1));
  return `<rect class="${kind}" x="${from}" y="${TOP}" width="${width}" height="${HEIGHT - TOP - BOTTOM}"/>${label}`;
}

function shareMark(share: number, y: number): string {
  const label = `<text class="small soft" x="${LEFT - 8}" y="${y + 4}" text-anchor="end">${Math.round(share * 100)} %</text>`;
  return share === 0
    ? `<line class="axis" x1="${LEFT}" y1="${y}" x2="${WIDTH - RIGHT}" y2="${y}"/>${label}`
    : label;
}

function secondMarks(end: number, across: (at: number) => number): readonly string[] {
  const count = Math.floor(end / 1000 / SECONDS_BETWEEN_MARKS) + 1;
  return Array.from({ length: count }, (_, index) => {
    const second = index * SECONDS_BETWEEN_MARKS;
    const x = across(second * 1000);
    return `<text class="small soft" x="${x}" y="${HEIGHT - BOTTOM + 18}" text-anchor="middle">${second} s</text>`;
  });
}

function text(kind: string, x: number, y: number, content: string): string {
  return `<text class="${kind}" x="${x}" y="${y}">${content}</text>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
