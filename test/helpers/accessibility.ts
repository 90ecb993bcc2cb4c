// What can be found out about a page's accessibility without a person: names, landmarks, headings, contrast. The checks run
// within the page; each finding is a line that says where.
import type { Page } from "playwright-core";

/** Contrast of text to its ground (WCAG 2.1, 1.4.3); large text would do with less, which is not made use of. */
const LEAST_CONTRAST = 4.5;

const CHECKS = `(() => {
  const found = [];
  const where = (e) => e.tagName.toLowerCase() + (e.id ? "#" + e.id : "") + "." + (e.getAttribute("class") ?? "") + " " + JSON.stringify((e.textContent ?? "").trim().slice(0, 40));
  const visible = (e) => e.checkVisibility() && e.getBoundingClientRect().width > 1;
  const nameOf = (e) => {
    const by = (e.getAttribute("aria-labelledby") ?? "").split(" ").map((id) => document.getElementById(id)?.textContent ?? "").join(" ");
    const labels = [...(e.labels ?? [])].map((l) => l.textContent).join(" ");
    return [e.getAttribute("aria-label"), by, labels, e.textContent, e.getAttribute("title")].join(" ").trim();
  };
  for (const e of document.querySelectorAll("a, button, input, select, textarea, summary, table, nav")) {
    if (!visible(e)) continue;
    const own = ["TABLE", "NAV"].includes(e.tagName) ? e.getAttribute("aria-label") : nameOf(e);
    if (!own) found.push("no name: " + where(e));
  }
  for (const e of document.querySelectorAll("svg")) {
    if (e.getAttribute("aria-hidden") !== "true" && e.getAttribute("role") !== "none") found.push("picture that is neither hidden nor a mere frame: " + where(e.parentElement));
  }
  for (const e of document.querySelectorAll("[tabindex]")) if (e.tabIndex > 0) found.push("own order of focus: " + where(e));
  for (const e of document.querySelectorAll("[style]")) found.push("style attribute: " + where(e));
  const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
  for (const id of new Set(ids.filter((id, at) => ids.indexOf(id) !== at))) found.push("id twice: " + id);
  for (const [what, count] of [["main", 1], ["h1", 1]]) {
    const there = document.querySelectorAll(what).length;
    if (there !== count) found.push(there + " of " + what);
  }
  let level = 0;
  for (const e of document.querySelectorAll("h1, h2, h3, h4")) {
    const own = Number(e.tagName[1]);
    if (own > level + 1) found.push("heading skips a level: " + where(e));
    level = own;
  }
  for (const e of document.querySelectorAll("th")) if (!e.scope) found.push("th without scope: " + where(e));
  if (!document.documentElement.lang) found.push("no language");
  return found;
})()`;

const CONTRAST = `(() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const parse = (text) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = text;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return { r, g, b, a: a / 255 };
  };
  const light = ({ r, g, b }) => [r, g, b].map((v) => v / 255).map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, at) => sum + v * [0.2126, 0.7152, 0.0722][at], 0);
  const groundOf = (e) => {
    for (let at = e; at !== null; at = at.parentElement) {
      const rect = at.localName === "a" && at.namespaceURI.endsWith("svg") ? at.querySelector("rect") : null;
      const colour = parse(rect === null ? getComputedStyle(at).backgroundColor : getComputedStyle(rect).fill);
      if (colour.a === 1) return colour;
    }
    return parse("white");
  };
  const found = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const e = node.parentElement;
    const isShown = node.textContent.trim() !== "" && e.checkVisibility() && e.localName !== "title" && !e.closest("datalist, :disabled, .unseen");
    if (!isShown) continue;
    const style = getComputedStyle(e);
    const ink = parse(e.namespaceURI.endsWith("svg") ? style.fill : style.color);
    const [a, b] = [light(ink), light(groundOf(e))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < ${LEAST_CONTRAST}) found.add(ratio.toFixed(2) + ": " + e.localName + "." + (e.getAttribute("class") ?? "") + " " + JSON.stringify(node.textContent.slice(0, 30)));
  }
  return [...found];
})()`;

/** What is wrong with the structure and the names of what a page shows now. */
export async function structureFindings(page: Page): Promise<readonly string[]> {
  return await page.evaluate(CHECKS);
}

/** Texts that are hard to read as the page looks now. */
export async function contrastFindings(page: Page): Promise<readonly string[]> {
  return await page.evaluate(CONTRAST);
}
