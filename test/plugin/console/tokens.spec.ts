import assert from "node:assert/strict";
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { type ConsoleTokens, openTokens, roleOf } from "../../../plugin/console/tokens.ts";

const TOKEN = "0123456789abcdef";

describe("the tokens of the console", () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "docker-mesh-"));
  });

  afterEach(async () => {
    await rm(directory, { recursive: true });
  });

  async function open(tokenFile?: string, viewerTokenFile?: string): Promise<ConsoleTokens> {
    return await openTokens({ tokenFile, viewerTokenFile }, directory);
  }

  async function write(name: string, text: string): Promise<string> {
    await writeFile(join(directory, name), text);
    return join(directory, name);
  }

  it("are made once, each 256 random bits, for their owner alone", async () => {
    const { admin, viewer } = await open();
    for (const token of [admin, viewer]) assert.match(token, /^[A-Za-z0-9_-]{43}$/);
    assert.notEqual(admin, viewer);
    assert.deepEqual(await open(), { admin, viewer });
    assert.deepEqual((await readdir(directory)).sort(), ["console-viewer.token", "console.token"]);
    for (const name of await readdir(directory))
      assert.equal((await stat(join(directory, name))).mode & 0o777, 0o600);
  });

  it("are the same for agents that make them at the same time", async () => {
    const all = await Promise.all(Array.from({ length: 8 }, async () => await open()));
    for (const tokens of all) assert.deepEqual(tokens, all[0]);
  });

  it("are taken from files, without the newline at their end; what is not given is made", async () => {
    const { admin, viewer } = await open(await write("given", `${TOKEN}\n`));
    assert.equal(admin, TOKEN);
    assert.equal(`${viewer}\n`, await readFile(join(directory, "console-viewer.token"), "utf8"));
  });

  for (const text of ["", "\n", "0123456789abcde", "0123456789 abcdef", "0123456789abcdeé"]) {
    it(`are not ${JSON.stringify(text)}`, async () => {
      await assert.rejects(open(await write("given", text)), {
        code: "CONFIGURATION_INVALID",
        message: /^MESH_CONSOLE_TOKEN_FILE: expected a token of at least 16 printable characters/,
      });
    });
  }

  it("are two: a viewer with the admin's would be one", async () => {
    const path = await write("given", TOKEN);
    await assert.rejects(open(path, path), {
      code: "CONFIGURATION_INVALID",
      message: /^MESH_CONSOLE_VIEWER_TOKEN_FILE: expected another token/,
    });
  });

  it("that cannot be read keep the agent from starting", async () => {
    const path = join(directory, "none");
    await assert.rejects(open(undefined, path), {
      code: "CONFIGURATION_INVALID",
      message: `MESH_CONSOLE_VIEWER_TOKEN_FILE: expected a file that can be read at ${path}`,
    });
  });

  it("that were damaged are not silently made anew", async () => {
    await write("console.token", "short");
    await chmod(join(directory, "console.token"), 0o600);
    await assert.rejects(open(), { code: "CONFIGURATION_INVALID" });
  });

  for (const [offered, role] of [
    ["an admin's token", "admin"],
    ["a viewer's token", "viewer"],
    ["an admin's toke", undefined],
    ["", undefined],
  ] as const) {
    it(`say of ${JSON.stringify(offered)} that it is ${role ?? "nobody"}'s`, () => {
      assert.equal(
        roleOf({ admin: "an admin's token", viewer: "a viewer's token" }, offered),
        role,
      );
    });
  }
});
