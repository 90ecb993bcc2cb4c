import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, it } from "mocha";
import { AGENT_VERSION } from "../../plugin/version.ts";

describe("the version", () => {
  it("is the one of the package", async () => {
    const file = new URL("../../package.json", import.meta.url);
    const { version } = JSON.parse(await readFile(file, "utf8")) as { version: string };
    assert.equal(AGENT_VERSION, version);
  });
});
