// Lines of ours in somebody else's file, as text in and text out: put in so that they can be found again, and taken out so
// that every other byte is as it was. Knows nothing of YAML but its comments.
import { MeshError } from "../../mesh/errors.ts";

/** Text to be put into another one at an offset. */
export interface Insertion {
  readonly at: number;
  readonly text: string;
}

const BEGIN = '# docker mesh inject: begin; "docker mesh inject --remove" takes it out';
const END = "# docker mesh inject: end";
const SINGLE = " # docker mesh inject";

/** Lines between two comments that say whose they are. */
export function blockOf(indent: string, lines: readonly string[]): readonly string[] {
  return [BEGIN, ...lines, END].map((line) => `${indent}${line}`);
}

/** One line with a comment that says whose it is. */
export function singleLine(line: string): readonly string[] {
  return [`${line}${SINGLE}`];
}

/** The lines behind the one in which the offset is, or before the one that begins there. */
export function linesAt(text: string, offset: number, lines: readonly string[]): Insertion {
  const newline = newlineOf(text);
  const block = lines.join(newline);
  if (text[offset - 1] === "\n") return { at: offset, text: `${block}${newline}` };
  const end = text.indexOf("\n", offset);
  if (end === -1) return { at: text.length, text: `${newline}${block}` };
  return { at: end + 1, text: `${block}${newline}` };
}

/** Those for the same place in their order. */
export function withInsertions(text: string, insertions: readonly Insertion[]): string {
  let result = "";
  let from = 0;
  for (const { at, text: added } of insertions.toSorted((a, b) => a.at - b.at)) {
    result += text.slice(from, at) + added;
    from = at;
  }
  return result + text.slice(from);
}

/** The text without any line or `phrase` of ours. Throws CONFIGURATION_INVALID where only the beginning of ours is there. */
export function withoutOwn(text: string, phrases: readonly string[]): string {
  const kept: string[] = [];
  let inside = false;
  let last = "";
  for (const line of text.match(/[^\n]*\n|[^\n]+$/g) ?? []) {
    const content = line.trim();
    if (content === BEGIN) inside = true;
    const isOurs = inside || content.endsWith(SINGLE.trimStart());
    if (isOurs) last = line;
    else kept.push(line);
    if (content === END) inside = false;
  }
  if (inside) throw unfinished();
  const others = phrases.reduce((left, phrase) => left.replaceAll(phrase, ""), kept.join(""));
  // The end of the line before was put in, too, where the text had none.
  const isOpen = last !== "" && !last.endsWith("\n");
  return isOpen && text.endsWith(last) ? others.replace(/\r?\n$/, "") : others;
}

function newlineOf(text: string): string {
  return text.includes("\r\n") ? "\r\n" : "\n";
}

function unfinished(): MeshError {
  return new MeshError(
    "CONFIGURATION_INVALID",
    `expected a line "${END}" behind "${BEGIN}", found none: take out by hand what was put in`,
  );
}
