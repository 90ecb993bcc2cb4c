import assert from "node:assert/strict";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { done, PolicyRig } from "./policy-rig.ts";

describe("docker mesh policy edit", () => {
  let rig: PolicyRig;

  beforeEach(async () => {
    rig = await PolicyRig.start();
  });

  afterEach(async () => await rig[Symbol.asyncDispose]());

  it("writes what the editor leaves, and no draft stays", async () => {
    await rig.set({ "balance.algorithm": "random" });
    const seen = join(rig.directory, "seen");
    const script = join(rig.directory, "editor.sh");
    await writeFile(
      script,
      'cp "$1" "$0.seen"; echo "$1" > "$0.path"; sed -i s/random/maglev/ "$1"',
    );
    const editor = `sh ${script}`;
    assert.deepEqual(
      await rig.run("policy edit orders", { VISUAL: editor, EDITOR: "false" }),
      done("shop-orders version 2\n"),
    );
    assert.deepEqual(await rig.inForce(), { "balance.algorithm": "maglev" });
    assert.equal(
      await readFile(`${script}.seen`, "utf8"),
      '{\n  "balance.algorithm": "random"\n}\n',
      seen,
    );
    const path = (await readFile(`${script}.path`, "utf8")).trim();
    await assert.rejects(readFile(path), { code: "ENOENT" });
  });

  for (const [what, edit, message] of [
    [
      "is refused",
      "s/random/raindom/",
      /^the policy of shop-orders is refused.*\n {2}balance\.algorithm: /,
    ],
    ["is no JSON", "s/{/(/", /^expected a JSON object .* in the draft/],
  ] as const) {
    it(`keeps a draft that ${what}, and says where`, async () => {
      await rig.set({ "balance.algorithm": "random" });
      const { code, error } = await rig.run("policy edit orders", { EDITOR: `sed -i '${edit}'` });
      assert.equal(code, 1);
      assert.match(error, message);
      const [, path = ""] = /\nthe draft is kept in (\S+)\n$/.exec(error) ?? [];
      assert.match(await readFile(path, "utf8"), /balance\.algorithm/);
      await rm(join(path, ".."), { recursive: true });
      assert.equal((await rig.store.read("shop-orders"))?.version, 1);
    });
  }

  it("keeps the draft when somebody else has written meanwhile", async () => {
    await rig.set({ "balance.algorithm": "random" });
    rig.store.meanwhile = async () => await rig.set({ audit: "true" });
    const { code, error } = await rig.run("policy edit orders", {
      EDITOR: "sed -i s/random/maglev/",
    });
    assert.equal(code, 1);
    const [, path = ""] = /\nthe draft is kept in (\S+)\n$/.exec(error) ?? [];
    assert.match(await readFile(path, "utf8"), /maglev/);
    await rm(join(path, ".."), { recursive: true });
    assert.deepEqual(await rig.inForce(), { audit: "true" });
  });

  it("says when the editor failed", async () => {
    const { code, error } = await rig.run("policy edit orders", { EDITOR: "exit 3;" });
    assert.equal(code, 1);
    assert.match(error, /^the editor "exit 3;" failed: it ended with exit code 3\n/);
    const [, path = ""] = /\nthe draft is kept in (\S+)\n$/.exec(error) ?? [];
    await rm(join(path, ".."), { recursive: true });
  });
});
