// The console's page as it is bundled: small, whole, and nothing in it that its content security policy would refuse.
import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { after, before, describe, it } from "mocha";
import { bundlePage } from "../../scripts/images/console-page.ts";
import { ROOT } from "../structure/source-files.ts";

/** Bytes of all files together, compressed. */
const LARGEST = 300_000;

describe("the console's page", () => {
  let folder = "";
  const files = new Map<string, Buffer>();

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "mesh-page-"));
    await bundlePage(ROOT, folder);
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    for (const entry of entries.filter((one) => one.isFile())) {
      const path = join(entry.parentPath, entry.name);
      files.set(path.slice(folder.length), await readFile(path));
    }
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const text = (pattern: RegExp): string =>
    [...files].find(([path]) => pattern.test(path))?.[1].toString() ?? "";

  it("is a document, a script, a style sheet and an icon, each compressed beside itself", () => {
    const names = [...files.keys()].map((path) => path.replace(/-[A-Z0-9]{8}\./, "-HASH.")).sort();
    const plain = ["/assets/icon-HASH.svg", "/assets/main-HASH.css", "/assets/main-HASH.js"];
    assert.deepEqual(
      names,
      [...plain, "/index.html"].flatMap((name) => [name, `${name}.gz`]),
    );
    for (const [path, content] of files)
      if (!path.endsWith(".gz"))
        assert.deepEqual(gunzipSync(files.get(`${path}.gz`) ?? ""), content, path);
  });

  it(`is less than ${LARGEST} bytes in all, compressed`, () => {
    const sizes = [...files].filter(([path]) => path.endsWith(".gz"));
    const sum = sizes.reduce((total, [, { length }]) => total + length, 0);
    assert.ok(sum < LARGEST, `${sum} bytes`);
  });

  it("names its parts in its document, and runs and paints nothing that stands there itself", () => {
    const document = text(/index\.html$/);
    for (const path of files.keys())
      if (/^\/assets\/.*[^z]$/.test(path)) assert.ok(document.includes(`"${path}"`), path);
    assert.doesNotMatch(document, /<style|style=|<script(?! type="module" src=)|\son\w+=/);
  });

  it("asks nobody else for anything", () => {
    assert.doesNotMatch(text(/\.css$/), /url\(|@import/);
    const addresses = text(/\.js$/).match(/https?:\/\/[^"'`\s)]+/g) ?? [];
    const names = addresses.filter((address) => !address.startsWith("http://www.w3.org/"));
    assert.deepEqual(names, []);
  });
});
