// That no command of the documentation goes unrun unnoticed, and that no link leads nowhere. The commands themselves run in
// test/e2e/docs-demo.spec.ts and docs-engine.spec.ts.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, it } from "mocha";
import { parse } from "yaml";
import { parseLabels } from "../../plugin/labels/parse.ts";
import { isCommands, type Page, ROOT, readPages, titleOf } from "../helpers/documentation.ts";
import { type CodeBlock, readMarkdown } from "../helpers/markdown.ts";
import { readSteps } from "../helpers/shown-output.ts";
import { NOT_RUN } from "./not-run.ts";

const PAGES = readPages();
const GROUNDS = ["demo", "engine", "text"];
/** How a line begins that somebody is to type. */
const TYPED = /^(?:\$ )?(?:[A-Z_]+=\S+ )?(?:docker|npm|npx|curl|openssl|consul|export|git) /m;
const LANGUAGES = ["sh", "console", "yaml", "json", "text"];

function excused(page: Page, block: string): boolean {
  return NOT_RUN.some((entry) => entry.page === page.path && entry.block === block);
}

function* labelsIn(value: unknown): Generator<Readonly<Record<string, unknown>>> {
  if (typeof value !== "object" || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    if (key === "labels" && typeof inner === "object" && !Array.isArray(inner)) yield inner;
    else yield* labelsIn(inner);
  }
}

/** One document, or one a line; throws when it is neither. */
function jsonIn(text: string): readonly unknown[] {
  const lines = /^\{.*\}$/.test(text.split("\n", 1)[0] ?? "");
  return (lines ? text.trim().split("\n") : [text]).map((each) => JSON.parse(each) as unknown);
}

/** Fails when a label is wrong, or needs quotes. */
function checkLabels({ text }: CodeBlock, at: string): void {
  for (const labels of labelsIn(parse(text, { merge: true }))) {
    for (const [name, value] of Object.entries(labels)) {
      assert.equal(typeof value, "string", `${at}: ${name} needs quotes`);
    }
    const { problems } = parseLabels({ "mesh.enable": "true", ...labels });
    assert.deepEqual(problems, [], at);
  }
}

/** Where a link within the repository leads to nothing. */
function* deadLinks({ path, links, anchors }: Page): Generator<string> {
  for (const { target, line } of links.filter((link) => !/^[a-z]+:/.test(link.target))) {
    const [file = "", anchor] = target.split("#");
    const to = file === "" ? path : relative(ROOT, join(ROOT, dirname(path), file));
    if (!existsSync(join(ROOT, to))) yield `${path}:${line}: there is no ${to}`;
    else if (anchor !== undefined) {
      const known =
        file === "" ? anchors : readMarkdown(readFileSync(join(ROOT, to), "utf8")).anchors;
      if (!known.includes(anchor)) yield `${path}:${line}: there is no heading #${anchor} in ${to}`;
    }
  }
}

describe("the documentation", () => {
  for (const page of PAGES) {
    const { path, blocks, runsOn } = page;

    it(`${path} runs each of its commands, or test/docs/not-run.ts says why not`, () => {
      const commands = blocks.filter(isCommands);
      const run = commands.filter((block) => !excused(page, titleOf(block)));
      if (commands.length === 0 && runsOn === undefined) return;
      const wanted = `${path}: expected a line "<!-- runs on: ${GROUNDS.join(" | ")} -->"`;
      assert.ok(GROUNDS.includes(runsOn ?? ""), `${wanted}, found ${runsOn ?? "none"}`);
      const lines = run.map(({ line, text }) => `${path}:${line}: ${text}`);
      if (runsOn === "text") assert.deepEqual(lines, [], "it runs on nothing");
    });

    it(`${path} has commands in blocks of sh or console alone, where they are run`, () => {
      for (const { language, fenced, text, line } of blocks) {
        const at = `${path}:${line}`;
        assert.ok(
          !fenced || LANGUAGES.includes(language),
          `${at}: expected one of ${LANGUAGES.join(", ")}, found "${language}"`,
        );
        if (language === "console") readSteps(text);
        if (language === "" || language === "text") {
          assert.doesNotMatch(text, TYPED, `${at}: commands stand in a block of sh or console`);
        }
      }
    });

    it(`${path} has YAML and JSON that can be read, with labels that are right`, () => {
      for (const block of blocks) {
        if (block.language === "json") jsonIn(block.text);
        if (block.language === "yaml") checkLabels(block, `${path}:${block.line}`);
      }
    });

    it(`${path} links to what there is`, () => {
      assert.deepEqual([...deadLinks(page)], []);
    });
  }

  it("has an index that leads to each page", () => {
    const index = PAGES.find(({ path }) => path === "docs/README.md");
    const linked = new Set(index?.links.map(({ target }) => target.split("#", 1)[0]));
    const pages = PAGES.map(({ path }) => relative("docs", path));
    const missing = pages.filter(
      (path) => !/^(?:\.\.|README|decisions)/.test(path) && !linked.has(path),
    );
    assert.deepEqual(missing, []);
  });

  it("lists no block as not run that is run, or gone", () => {
    const gone = NOT_RUN.filter(({ page, block }) => {
      const blocks = PAGES.find(({ path }) => path === page)?.blocks.filter(isCommands) ?? [];
      return !blocks.some((candidate) => titleOf(candidate) === block);
    });
    assert.deepEqual(gone, []);
  });
});
