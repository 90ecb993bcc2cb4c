import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "mocha";
import { renderStatus } from "../../../plugin/commands/render-status.ts";
import type { MeshStatus } from "../../../plugin/status.ts";
import { EXAMPLE_NOW, exampleStatus } from "./example-status.ts";

const EMPTY: MeshStatus = {
  agent: {
    ...exampleStatus.agent,
    catalog: "embedded",
    catalogReachable: false,
    trustDomain: undefined,
    startedAt: EXAMPLE_NOW,
  },
  nodes: [],
  services: [],
  workloads: [],
  problems: [],
};

function golden(name: string): string {
  return readFileSync(new URL(`../../golden/status/${name}.txt`, import.meta.url), "utf8");
}

describe("the text of a status", () => {
  it("shows agent, services, workloads and problems", () => {
    assert.equal(renderStatus(exampleStatus, EXAMPLE_NOW), golden("full"));
  });

  it("says in words that there is nothing", () => {
    assert.equal(renderStatus(EMPTY, EXAMPLE_NOW), golden("empty"));
  });

  it("never cuts a message, and lets none of it steer the terminal", () => {
    const message = `${"long ".repeat(100)}\u001b[2J\nend`;
    const text = renderStatus(
      { ...EMPTY, problems: [{ subject: "engine", code: "TIMEOUT", message }] },
      EXAMPLE_NOW,
    );
    assert.ok(text.includes(`${"long ".repeat(100)}\\u{1b}[2J\\nend\n`));
  });

  it("does not count time backwards when clocks differ", () => {
    assert.match(renderStatus(EMPTY, EXAMPLE_NOW - 5_000), /^Agent: {9}0\.1\.0, up 0s\n/);
  });
});
