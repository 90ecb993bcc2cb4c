// A bar chart as SVG that stands alone, in light and dark: one bar for each subject, a line for its range.

export interface Bar {
  readonly label: string;
  readonly value: number;
  readonly lowest: number;
  readonly highest: number;
  /** Ours. */
  readonly marked: boolean;
}

export interface BarChart {
  readonly title: string;
  /** What the values are and which way is better. */
  readonly caption: string;
  readonly digits: number;
  readonly bars: readonly Bar[];
}

const WIDTH = 720;
const LEFT = 206;
const RIGHT = 96;
const TOP = 70;
const ROW = 30;
const THICK = 18;

const STYLE = `
  text { font: 13px system-ui, "Segoe UI", Helvetica, Arial, sans-serif; fill: #24292f }
  .ground { fill: #ffffff } .title { font-size: 16px; font-weight: 600 } .soft { fill: #57606a }
  .ours { fill: #1f6feb } .theirs { fill: #afb8c1 } .range { stroke: #24292f; stroke-width: 1.5 }
  .strong { font-weight: 600 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .ground { fill: #0d1117 } .soft { fill: #9198a1 }
    .ours { fill: #4493f8 } .theirs { fill: #484f58 } .range { stroke: #e6edf3 }
  }`;

export function drawBarChart({ title, caption, digits, bars }: BarChart): string {
  const height = TOP + bars.length * ROW + 14;
  const longest = Math.max(...bars.map(({ highest }) => highest));
  const scale = (value: number): number => round((value / longest) * (WIDTH - LEFT - RIGHT));
  const rows = bars.map((bar, index) => drawBar(bar, TOP + index * ROW, scale, digits));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img">
<title>${escapeText(title)}</title>
<style>${STYLE}
</style>
<rect class="ground" width="${WIDTH}" height="${height}" rx="6"/>
<text class="title" x="20" y="30">${escapeText(title)}</text>
<text class="soft" x="20" y="50">${escapeText(caption)}</text>
${rows.join("\n")}
</svg>
`;
}

function drawBar(
  { label, value, lowest, highest, marked }: Bar,
  top: number,
  scale: (value: number) => number,
  digits: number,
): string {
  const text = top + THICK - 4;
  const middle = top + THICK / 2;
  const weight = marked ? ` class="strong"` : "";
  return `<text${weight} x="${LEFT - 12}" y="${text}" text-anchor="end">${escapeText(label)}</text>
<rect class="${marked ? "ours" : "theirs"}" x="${LEFT}" y="${top}" width="${scale(value)}" height="${THICK}" rx="2"/>
<line class="range" x1="${LEFT + scale(lowest)}" y1="${middle}" x2="${LEFT + scale(highest)}" y2="${middle}"/>
<text${weight} x="${LEFT + scale(highest) + 8}" y="${text}">${value.toFixed(digits)}</text>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escapeText(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
