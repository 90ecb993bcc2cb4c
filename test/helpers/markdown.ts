// What tests need to know of a Markdown page: its headings with their anchors, its code and where it links to.
// Not a renderer: of inline text only links are read.

export interface CodeBlock {
  /** The word behind the fence; empty for a fence without one and for a block that is indented. */
  readonly language: string;
  readonly text: string;
  /** Of its first line of code, counted from 1. */
  readonly line: number;
  /** The heading that it stands under. */
  readonly heading: string;
  readonly fenced: boolean;
}

export interface Link {
  readonly target: string;
  readonly line: number;
}

export interface MarkdownPage {
  readonly blocks: readonly CodeBlock[];
  readonly links: readonly Link[];
  /** Where `#…` may lead, as GitHub names them. */
  readonly anchors: readonly string[];
}

const FENCE = /^ *(?<fence>`{3,}|~{3,})(?<language>[\w-]*)/;
const HEADING = /^#{1,6} +(?<title>.*?)(?: +#+)?$/;
const LIST_ITEM = /^ {0,3}(?:[-*+]|\d+[.)]) /;
const INDENT = "    ";

/** Reads a page. A fence that is never closed goes on to the end. */
export function readMarkdown(text: string): MarkdownPage {
  const reader = new Reader(text.split("\n"));
  return reader.read();
}

class Reader {
  readonly #lines: readonly string[];
  readonly #blocks: CodeBlock[] = [];
  readonly #links: Link[] = [];
  readonly #anchors: string[] = [];
  #at = 0;
  #heading = "";
  #inList = false;

  constructor(lines: readonly string[]) {
    this.#lines = lines;
  }

  read(): MarkdownPage {
    while (this.#at < this.#lines.length) {
      const line = this.#lines[this.#at] ?? "";
      const fence = FENCE.exec(line)?.groups;
      if (fence !== undefined) this.#fenced(fence["fence"] ?? "", fence["language"] ?? "");
      else if (this.#beginsIndented(line)) this.#indented();
      else this.#prose(line);
    }
    return { blocks: this.#blocks, links: this.#links, anchors: this.#anchors };
  }

  #fenced(fence: string, language: string): void {
    const start = this.#at + 1;
    const indent = /^ */.exec(this.#lines[this.#at] ?? "")?.[0] ?? "";
    let end = start;
    while (end < this.#lines.length && !(this.#lines[end] ?? "").trim().startsWith(fence)) end += 1;
    const code = this.#lines
      .slice(start, end)
      .map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line.trimStart()));
    this.#add(code, start, language, true);
    this.#at = end + 1;
  }

  #beginsIndented(line: string): boolean {
    const after = (this.#lines[this.#at - 1] ?? "").trim() === "";
    return after && !this.#inList && line.startsWith(INDENT) && line.trim() !== "";
  }

  #indented(): void {
    const start = this.#at;
    let end = start;
    for (let next = start; next < this.#lines.length; next += 1) {
      const line = this.#lines[next] ?? "";
      if (line.startsWith(INDENT) && line.trim() !== "") end = next + 1;
      else if (line.trim() !== "") break;
    }
    const code = this.#lines.slice(start, end).map((line) => line.slice(INDENT.length));
    this.#add(code, start, "", false);
    this.#at = end;
  }

  #prose(line: string): void {
    this.#at += 1;
    const title = HEADING.exec(line)?.groups?.["title"];
    if (title !== undefined) {
      this.#heading = title;
      this.#anchors.push(freeAnchor(anchorOf(title), this.#anchors));
    }
    if (LIST_ITEM.test(line)) this.#inList = true;
    else if (/^\S/.test(line)) this.#inList = false;
    const plain = line.replaceAll(/`[^`]*`/g, "");
    for (const [, target = ""] of plain.matchAll(/\]\(([^()\s]+)\)/g)) {
      this.#links.push({ target, line: this.#at });
    }
  }

  #add(code: readonly string[], start: number, language: string, fenced: boolean): void {
    const text = `${code.join("\n")}\n`;
    this.#blocks.push({ language, text, line: start + 1, heading: this.#heading, fenced });
  }
}

function anchorOf(title: string): string {
  const words = title.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
  return words.replaceAll(/[^\p{Letter}\p{Number}\s_-]/gu, "").replaceAll(" ", "-");
}

function freeAnchor(anchor: string, taken: readonly string[]): string {
  if (!taken.includes(anchor)) return anchor;
  let number = 1;
  while (taken.includes(`${anchor}-${number}`)) number += 1;
  return `${anchor}-${number}`;
}
