// Line drawings, 24 by 24, in the colour of the text around them. Decoration only: hidden from screen readers.
import { Html } from "./html.ts";

const ANCHOR =
  '<circle cx="12" cy="5" r="2.2"/><path d="M12 7.2V21M8 11h8M4 14c.4 4 3.6 7 8 7s7.6-3 8-7"/>';

const PATHS: ReadonlyMap<string, string> = new Map([
  ["anchor", ANCHOR],
  [
    "mug",
    '<path d="M5 8h11v9a3 3 0 0 1-3 3H8a3 3 0 0 1-3-3zM16 10h1.5a2.5 2.5 0 0 1 0 6H16M8.5 5c0-1 .8-1 .8-2M12 5c0-1 .8-1 .8-2"/>',
  ],
  [
    "lantern",
    '<path d="M9 3h6M12 3v3M8 9a4 4 0 0 1 8 0M7 9h10M8 9l-1 9h10l-1-9M6 21h12M7 18v3M17 18v3"/><path d="M12 16c-1.7-1.3-1.2-3 0-4.5 1.2 1.5 1.7 3.2 0 4.5z"/>',
  ],
  [
    "blanket",
    '<path d="M4 6h13a3 3 0 0 1 0 6H4zM4 6v12h13a3 3 0 0 0 3-3V9M4 15h13M8 6v6M12 6v6M6 18v2M9 18v2M12 18v2M15 18v2"/>',
  ],
  ["tote", '<path d="M5 9h14l-1 12H6zM9 12V7a3 3 0 0 1 6 0v5"/>'],
]);

/** The drawing of that name; an anchor for whatever has none. */
export function icon(name: string): Html {
  return new Html(
    `<svg viewBox="0 0 24 24" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="1.4" stroke-linecap="round" stroke-linejoin="round">${PATHS.get(name) ?? ANCHOR}</svg>`,
  );
}
