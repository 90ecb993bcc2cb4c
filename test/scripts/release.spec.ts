// What a release consists of: the same bytes whenever it is made, with nothing in it that is not meant, and whose code it is.
import assert from "node:assert/strict";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { run } from "../../scripts/command.ts";
import { archivePrograms, PROGRAMS_ARCHIVE } from "../../scripts/images/archive.ts";
import { BILL, bundlePrograms } from "../../scripts/images/bundle.ts";
import { isAllowed, licenceOf, readLock } from "../../scripts/images/licences.ts";
import { ROOT } from "../structure/source-files.ts";

interface Packed {
  readonly filename: string;
  readonly integrity: string;
  readonly files: readonly { readonly path: string; readonly mode: number }[];
}

interface Component {
  readonly name: string;
  readonly version: string;
  readonly licenses: readonly { readonly expression: string }[];
  readonly hashes: readonly { readonly content: string }[];
}

describe("a release", () => {
  let folder = "";
  const stages = ["one", "another"] as const;

  before(async function () {
    this.timeout(60_000);
    folder = await mkdtemp(join(tmpdir(), "mesh-release-"));
    for (const stage of stages) {
      const place = join(folder, stage);
      await mkdir(place);
      await bundlePrograms(ROOT, join(folder, "cache"), join(place, "dist"));
      for (const name of ["package.json", "README.md", "CHANGELOG.md", "compose", "docs"])
        await cp(join(ROOT, name), join(place, name), { recursive: true });
    }
    // One was unpacked at another time, by somebody with other habits.
    await utimes(join(folder, "one/README.md"), 1, 1);
    await utimes(join(folder, "one/dist/agent.mjs"), 1, 1);
    for (const stage of stages) await archivePrograms(join(folder, stage, "dist"));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const read = (stage: string, file: string): Promise<Buffer> =>
    readFile(join(folder, stage, file));
  const pack = async (stage: string): Promise<Packed> => {
    const place = join(folder, stage);
    const told = await run("npm", ["pack", "--json", "--pack-destination", place], { cwd: place });
    const [packed] = Object.values(JSON.parse(told) as Readonly<Record<string, Packed>>);
    if (packed === undefined) throw new Error(`expected npm to tell what it packed, got ${told}`);
    return packed;
  };

  it("has the same programs and the same layer of the image each time", async () => {
    const names = await readdir(join(folder, "one/dist"), { recursive: true, withFileTypes: true });
    const files = names.filter((entry) => entry.isFile());
    assert.ok(files.some(({ name }) => name === PROGRAMS_ARCHIVE));
    for (const { parentPath, name } of files) {
      const file = join(parentPath, name).slice(join(folder, "one/").length);
      const [one, another] = await Promise.all(stages.map((stage) => read(stage, file)));
      assert.ok(one?.equals(another ?? Buffer.alloc(0)), file);
    }
  });

  it("is the same npm package each time: programs, compose files and documents", async () => {
    const [one, another] = await Promise.all(stages.map(pack));
    assert.equal(one?.integrity, another?.integrity);
    const paths = (one?.files ?? []).map(({ path }) => path);
    for (const path of [
      ...["README.md", "CHANGELOG.md", "docs/install.md", "compose/stack.yaml"],
      ...["dist/cli.mjs", "dist/agent.mjs", "dist/sidecar.cjs", `dist/${BILL}`],
      ...["dist/docker-mesh", "dist/mesh.yaml", "dist/console/index.html"],
    ])
      assert.ok(paths.includes(path), path);
    const kinds = new Set(paths.map((path) => path.replace(/^.*(\.[a-z]+)$/, "$1")));
    assert.deepEqual(
      [...kinds].sort(),
      [
        ".cjs",
        ".css",
        ".gz",
        ".html",
        ".js",
        ".json",
        ".md",
        ".mjs",
        ".svg",
        ".txt",
        ".yaml",
      ].concat("dist/docker-mesh"),
    );
    assert.equal(one?.files.find(({ path }) => path === "dist/docker-mesh")?.mode, 0o755);
  });

  it("tells which packages are in its programs, each with version, licence and hash", async () => {
    const bill = JSON.parse(String(await read("one", `dist/${BILL}`))) as {
      readonly bomFormat: string;
      readonly components: readonly Component[];
    };
    assert.equal(bill.bomFormat, "CycloneDX");
    const names = bill.components.map(({ name }) => name);
    for (const name of ["dockerode", "express", "jose", "preact", "yaml"])
      assert.ok(names.includes(name), name);
    for (const name of ["mocha", "typescript", "esbuild", "fast-check"])
      assert.ok(!names.includes(name), name);
    for (const { name, version, licenses, hashes } of bill.components) {
      assert.match(version, /^\d+\.\d+\.\d+/, name);
      assert.ok(isAllowed(licenses[0]?.expression ?? ""), name);
      assert.match(hashes[0]?.content ?? "", /^[0-9a-f]{128}$/, name);
    }
  });
});

describe("the licences of all packages", () => {
  it("let anybody use and pass on what is made with them", () => {
    const wrong = [...readLock(ROOT)]
      .map(([place, locked]) => [place, licenceOf(ROOT, place, locked)] as const)
      .filter(([, licence]) => licence === undefined || !isAllowed(licence));
    assert.deepEqual(
      wrong,
      [],
      "see that the licence allows what we do, and add it to scripts/images/licences.ts, or do without the package",
    );
  });

  it("may be chosen among, and must all be right where there is no choice", () => {
    const cases = {
      MIT: true,
      "GPL-3.0": false,
      "(MIT OR GPL-3.0)": true,
      "MIT AND GPL-3.0": false,
    };
    for (const [expression, expected] of Object.entries(cases))
      assert.equal(isAllowed(expression), expected, expression);
  });
});
