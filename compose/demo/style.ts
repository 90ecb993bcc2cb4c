// The looks of the page: one column on a phone, a grid on a desk, light or dark as the reader prefers.
import { Html } from "./html.ts";

const COLOURS = `
:root {
  --page: #f4f6f8; --card: #ffffff; --edge: #dde3e9; --text: #16222e; --quiet: #566575;
  --accent: #0b6172; --on-accent: #ffffff; --picture: #e3eff1; --good: #136c43; --good-soft: #dff3e8;
  --plain: #8a4b00; --plain-soft: #fcecd3; --bad: #a5271b; --field: #ffffff;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0f161d; --card: #18222c; --edge: #2b3946; --text: #e8eef3; --quiet: #a0b0be;
    --accent: #6cc5d6; --on-accent: #06232a; --picture: #1d323b; --good: #7bdba9; --good-soft: #143a29;
    --plain: #f2bd72; --plain-soft: #41300f; --bad: #ff9d90; --field: #0f161d;
  }
}`;

const PAGE = `
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text);
  font: 16px/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", "DejaVu Sans", sans-serif; }
header, main, footer { max-width: 68rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 1.75rem; }
header p { margin: .15rem 0 0; color: var(--quiet); }
.brand { display: inline-flex; align-items: center; gap: .5rem; color: var(--accent);
  font-size: 1.5rem; font-weight: 700; text-decoration: none; }
.brand svg { width: 1.75rem; }
footer { padding-block: 2rem; color: var(--quiet); font-size: .875rem; }
h2 { margin: 1.75rem 0 .75rem; font-size: 1.125rem; }
ul, ol { list-style: none; margin: 0; padding: 0; }
p { margin: 0; }
code { font-family: ui-monospace, "SF Mono", Menlo, "DejaVu Sans Mono", monospace; font-size: .8125rem; }
.card { background: var(--card); border: 1px solid var(--edge); border-radius: .75rem; padding: 1rem; }
.thanks { display: flex; align-items: center; gap: .75rem; margin-top: 1.5rem;
  background: var(--good-soft); border-color: transparent; }
.tick { color: var(--good); font-weight: 700; }
a:focus-visible, button:focus-visible, select:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }`;

const SHOP = `
.products { display: grid; grid-template-columns: 1fr; gap: 1rem; }
@media (min-width: 32rem) { .products { grid-template-columns: 1fr 1fr; } }
@media (min-width: 60rem) { .products { grid-template-columns: repeat(4, 1fr); } }
.product { display: flex; flex-direction: column; }
.picture { display: grid; place-items: center; height: 7rem; margin: -.25rem -.25rem .75rem;
  border-radius: .5rem; background: var(--picture); color: var(--accent); }
.picture svg { width: 3.5rem; }
.product h3 { margin: 0; font-size: 1rem; }
.description { flex: 1; color: var(--quiet); font-size: .9375rem; }
.facts { display: flex; justify-content: space-between; align-items: baseline; margin: .75rem 0; }
.price { font-weight: 700; }
.stock { color: var(--quiet); font-size: .875rem; }
@media (max-width: 31.99rem) {
  .product { display: grid; grid-template-columns: 5rem 1fr; column-gap: 1rem; }
  .product > * { grid-column: 2; }
  .product .picture { grid-area: 1 / 1 / 5 / 2; height: auto; margin: 0; }
  .picture svg { width: 2.75rem; }
}
form { display: flex; gap: .5rem; }
select, button, .button { min-height: 2.75rem; border-radius: .5rem; font: inherit; }
select { width: 4.5rem; padding: 0 .5rem; color: var(--text); background: var(--field); border: 1px solid var(--edge); }
button, .button { flex: 1; padding: 0 1.25rem; border: 0; color: var(--on-accent); background: var(--accent);
  font-weight: 600; cursor: pointer; }
button:hover, .button:hover { filter: brightness(1.1); }
.button { display: inline-flex; align-items: center; text-decoration: none; }`;

const DETAILS = `
.orders { padding-block: .25rem; }
.orders li { display: flex; flex-wrap: wrap; gap: 0 .75rem; align-items: baseline; padding: .6rem 0; }
.orders li + li { border-top: 1px solid var(--edge); }
.orders span { flex: 1; }
.orders time, .orders code, .empty { color: var(--quiet); font-size: .8125rem; }
.hops { display: grid; grid-template-columns: repeat(auto-fit, minmax(17rem, 1fr)); gap: 1rem; }
.hop { display: flex; flex-direction: column; gap: .4rem; padding: .75rem 1rem; color: var(--quiet); font-size: .8125rem; }
.hop code { word-break: break-all; }
.hop strong { display: inline-block; color: var(--text); }
.route { display: flex; justify-content: space-between; align-items: baseline; gap: .75rem;
  color: var(--text); font-size: 1rem; font-weight: 600; }
.badge { flex: none; padding: .05rem .6rem; border-radius: 1rem; background: var(--picture); color: var(--accent);
  font-size: .8125rem; font-weight: 600; }
.secure { background: var(--good-soft); color: var(--good); }
.plain { background: var(--plain-soft); color: var(--plain); }
.failure { max-width: 36rem; margin: 2.5rem auto; padding: 1.5rem; }
.failure h2 { margin-top: 0; font-size: 1.375rem; }
.failure p + p { margin-top: .75rem; }
.reason { color: var(--bad); overflow-wrap: anywhere; }`;

/** The contents of the page's style element. */
export const STYLE: Html = new Html([COLOURS, PAGE, SHOP, DETAILS].join("\n"));
