// Pictograms, drawn here: the page loads nothing from elsewhere. Each stands beside text that says the same, so that none has
// a name of its own.
import type { VNode } from "preact";

const SHAPES = {
  brand:
    "M8 6.5l8 4M8 17.5l8-4M6 8v8M6 4a2 2 0 1 0 .01 0M6 16a2 2 0 1 0 .01 0M18 10a2 2 0 1 0 .01 0",
  topology: "M3 4h6v6H3zM15 9h6v6h-6zM3 14h6v6H3zM9 7.5l6 3.5M9 17l6-4",
  services: "M4 5h16v5H4zM4 14h16v5H4zM7 7.5h.01M7 16.5h.01",
  workloads: "M12 3l8 4v5c0 4.5-3.3 7.7-8 9-4.7-1.3-8-4.5-8-9V7zM8.5 12l2.5 2.5 4.5-5",
  intentions: "M4 8h13l-3-3M20 16H7l3 3",
  tap: "M3 12h4l3-8 4 16 3-8h4",
  problems: "M12 3l10 18H2zM12 10v5M12 18h.01",
  codes: "M5 4h11l3 3v13H5zM9 10h7M9 14h7",
  locked: "M7 11V8a5 5 0 0 1 10 0v3M5 11h14v9H5z",
  unlocked: "M7 11V8a5 5 0 0 1 9.6-2M5 11h14v9H5z",
  sun: "M12 8a4 4 0 1 0 .01 0M12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.5 1.5M17.5 17.5L19 19M5 19l1.5-1.5M17.5 6.5L19 5",
  menu: "M4 6h16M4 12h16M4 18h16",
  close: "M6 6l12 12M18 6L6 18",
} as const;

export type IconName = keyof typeof SHAPES;

export function Icon({ name }: { readonly name: IconName }): VNode {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={SHAPES[name]} />
    </svg>
  );
}

/** The same within a picture. */
export function Glyph(props: {
  readonly name: IconName;
  readonly x: number;
  readonly y: number;
  readonly size: number;
}): VNode {
  const { name, x, y, size } = props;
  return (
    <svg class="icon" viewBox="0 0 24 24" x={x} y={y} width={size} height={size} aria-hidden="true">
      <path d={SHAPES[name]} />
    </svg>
  );
}
