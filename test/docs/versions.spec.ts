// The version stands in several places, since each is read by somebody who cannot read the others: package.json is the truth.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "mocha";
import { AGENT_VERSION } from "../../plugin/version.ts";
import { CONTRACT } from "../../proxy/configuration/contract.ts";

const read = (path: string): string =>
  readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

const { version } = JSON.parse(read("package.json")) as { version: string };

describe("the version", () => {
  it("is a semantic one", () => {
    assert.match(version, /^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?$/);
  });

  it("is the same wherever it stands", () => {
    const lock = JSON.parse(read("package-lock.json")) as {
      version: string;
      packages: { "": { version: string } };
    };
    const found = {
      "plugin/version.ts": AGENT_VERSION,
      "package-lock.json": lock.version,
      "package-lock.json, its package": lock.packages[""].version,
      Dockerfile: /org\.opencontainers\.image\.version=(\S+)/.exec(read("Dockerfile"))?.[1],
      "plugin/docker-mesh": /"Version":"([^"]+)"/.exec(read("plugin/docker-mesh"))?.[1],
    };
    for (const [place, text] of Object.entries(found)) assert.equal(text, version, place);
    for (const file of ["compose/mesh.yaml", "compose/stack.yaml", "plugin/docker-mesh"])
      assert.ok(read(file).includes(`docker-mesh/mesh:${version}`), `${file}: the usual image`);
  });

  it("has the first section of the changelog, which is open until it is released", () => {
    const [first = "", ...others] = read("CHANGELOG.md").match(/^## .*$/gm) ?? [];
    assert.match(
      first,
      new RegExp(
        `^## ${version.replaceAll(".", "\\.")} \\((?:unreleased|\\d{4}-\\d\\d-\\d\\d)\\)$`,
      ),
    );
    for (const heading of others) assert.match(heading, /^## \d+\.\d+\.\d+ \(\d{4}-\d\d-\d\d\)$/);
  });

  it("of the contract between agents and sidecars is on the image", () => {
    const [, label] = /docker-mesh\.contract=(\d+)/.exec(read("Dockerfile")) ?? [];
    assert.equal(label, String(CONTRACT));
  });
});
