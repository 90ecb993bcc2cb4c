// The pages of the documentation, what each runs on, and which of their blocks are commands.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type CodeBlock, type MarkdownPage, readMarkdown } from "./markdown.ts";

export const ROOT: string = fileURLToPath(new URL("../../", import.meta.url));

/**
 * What a page says in `<!-- runs on: … -->`: `demo`, a mesh with the demo shop, which it leaves as it found it; `engine`, an engine
 * with nothing on it, where it starts what it needs; `text`, nothing, since none of its commands can run in a test.
 */
export type Ground = "demo" | "engine" | "text";

export interface Page extends MarkdownPage {
  /** From the root of the repository. */
  readonly path: string;
  readonly text: string;
  /** What it says, be it one of Ground or not; undefined when it says nothing. */
  readonly runsOn: string | undefined;
}

/** The README and all pages beneath docs/. */
export function readPages(): readonly Page[] {
  const found = readdirSync(join(ROOT, "docs"), { recursive: true, encoding: "utf8" });
  const paths = found.filter((path) => path.endsWith(".md")).map((path) => join("docs", path));
  return ["README.md", ...paths.toSorted()].map((path) => {
    const text = readFileSync(join(ROOT, path), "utf8");
    const runsOn = /^<!-- runs on: (.*) -->$/m.exec(text)?.[1];
    return { path, text, runsOn, ...readMarkdown(text) };
  });
}

const COMMANDS = new Set(["sh", "console"]);
const FILE_NAME = /^# (?<name>[\w./-]+\.(?:ya?ml|json|env))$/;

/** Whether a block is there to be typed: a script, or commands with what they print. */
export function isCommands({ language }: CodeBlock): boolean {
  return COMMANDS.has(language);
}

/** The file that a block of YAML is, by its first line (`# compose.yaml`); undefined for a piece of one. */
export function fileNameOf({ language, text }: CodeBlock): string | undefined {
  if (language !== "yaml") return undefined;
  return FILE_NAME.exec(text.split("\n", 1)[0] ?? "")?.groups?.["name"];
}

/** How a block is named in a list: its first line. */
export function titleOf({ text }: CodeBlock): string {
  return text.split("\n", 1)[0] ?? "";
}
