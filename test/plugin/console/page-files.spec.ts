import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { after, before, describe, it } from "mocha";
import { type Answer, ConsoleRig } from "./console-rig.ts";

const SCRIPT = "console.log('the page')";

describe("the page's files", () => {
  let folder: string;
  let rig: ConsoleRig;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "docker-mesh-page-"));
    await mkdir(join(folder, "assets"));
    const files: Readonly<Record<string, string | Buffer>> = {
      "index.html": "<!doctype html><title>the mesh</title>",
      "page-4F7QK2ZC.js": SCRIPT,
      "page-4F7QK2ZC.js.gz": gzipSync(SCRIPT),
      "page-4F7QK2ZC.css": "body{}",
      "icon.svg": "<svg/>",
      "assets/font.woff2": "font",
      "source.ts": "const secret = 1;",
      ".env": "secret",
    };
    for (const [name, content] of Object.entries(files))
      await writeFile(join(folder, name), content);
    await symlink("/etc/passwd", join(folder, "link.txt"));
    rig = await ConsoleRig.start({ pageFolder: folder });
  });

  after(async () => {
    await rig[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  async function get(
    target: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    return await rig.ask(target, { headers });
  }

  for (const [target, type, caching] of [
    ["/", "text/html; charset=utf-8", "no-cache"],
    ["/index.html", "text/html; charset=utf-8", "no-cache"],
    ["/page-4F7QK2ZC.js", "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"],
    ["/page-4F7QK2ZC.css", "text/css; charset=utf-8", "public, max-age=31536000, immutable"],
    ["/icon.svg", "image/svg+xml", "no-cache"],
    ["/assets/font.woff2", "font/woff2", "no-cache"],
    ["/icon.svg?x=1", "image/svg+xml", "no-cache"],
  ] as const) {
    it(`are there for everybody: ${target}`, async () => {
      const { status, headers } = await get(target);
      assert.deepEqual(
        [status, headers["content-type"], headers["cache-control"]],
        [200, type, caching],
      );
      assert.match(
        String(headers["content-security-policy"]),
        /; script-src 'self'; style-src 'self';/,
      );
      assert.equal(headers["x-content-type-options"], "nosniff");
    });
  }

  for (const target of [
    ...[
      "/source.ts",
      "/.env",
      "/link.txt",
      "/none.js",
      "/assets",
      "/assets/",
      "/page-4F7QK2ZC.js.gz",
    ],
    ...[
      "/../package.json",
      "/%2e%2e/package.json",
      "/assets/../../etc/passwd",
      "/constructor",
      "/__proto__",
    ],
  ]) {
    it(`are not: ${target}`, async () => {
      const { status, body } = await get(target);
      assert.ok(status === 401 || status === 404, String(status));
      assert.doesNotMatch(body, /secret|root:/);
    });
  }

  it("come compressed to those who take it", async () => {
    const packed = await get("/page-4F7QK2ZC.js", { "accept-encoding": "br, gzip" });
    assert.equal(packed.headers["content-encoding"], "gzip");
    assert.equal(packed.headers.vary, "accept-encoding");
    assert.equal(packed.headers["content-length"], String(gzipSync(SCRIPT).length));
    const plain = await get("/page-4F7QK2ZC.js");
    assert.deepEqual([plain.headers["content-encoding"], plain.body], [undefined, SCRIPT]);
    assert.equal(plain.headers.vary, "accept-encoding");
  });

  it("answer HEAD without a body, and no change", async () => {
    const { status, body, headers } = await rig.ask("/", { method: "HEAD" });
    assert.deepEqual([status, body, headers["content-length"]], [200, "", "38"]);
    assert.equal((await rig.ask("/", { method: "POST" })).status, 401);
  });

  it("are not missed where there are none: the rest works", async () => {
    await using without = await ConsoleRig.start();
    const { status, body } = await without.ask("/");
    assert.equal(status, 200);
    assert.match(body, /not part of this installation/);
  });
});
