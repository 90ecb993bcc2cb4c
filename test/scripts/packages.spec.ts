import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { closure, parseDependencies } from "../../scripts/packages/dependencies.ts";
import { parseFileNames } from "../../scripts/packages/fetch.ts";

describe("packages to fetch", () => {
  it("follows libraries only, and the first of alternatives", () => {
    const output = [
      "curl",
      "  Depends: libc6",
      "  Depends: libcurl4",
      " |Depends: libfirst1",
      "  Depends: libsecond1",
      "  Depends: zlib1g",
      "  PreDepends: libpre1",
      " |Depends: debconf",
      "  Depends: <debconf-2.0>",
      "  Depends: adduser",
    ].join("\n");
    assert.deepEqual(parseDependencies(output), [
      "libc6",
      "libcurl4",
      "libfirst1",
      "zlib1g",
      "libpre1",
    ]);
  });

  it("asks for each package once, also in a circle", async () => {
    const graph: Readonly<Record<string, readonly string[]>> = {
      tool: ["liba", "libb"],
      liba: ["libb"],
      libb: ["liba"],
    };
    const asked: string[] = [];
    const names = await closure(["tool"], async (packages) => {
      asked.push(...packages);
      return packages
        .flatMap((name) => [name, ...(graph[name] ?? []).map((other) => `  Depends: ${other}`)])
        .join("\n");
    });
    assert.deepEqual(names, ["liba", "libb", "tool"]);
    assert.deepEqual(asked.toSorted(), ["liba", "libb", "tool"]);
  });

  it("takes file names from what apt would download, epoch and all", () => {
    const output = [
      "'http://mirror.example/pool/z/zlib1g_1.2.deb' zlib1g_1%3a1.2_amd64.deb 6 SHA256:00",
      "E: something else",
    ].join("\n");
    assert.deepEqual(parseFileNames(output), ["zlib1g_1%3a1.2_amd64.deb"]);
  });
});
