import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "mocha";
import { done, PolicyRig } from "./policy-rig.ts";

describe("what a policy was", () => {
  let rig: PolicyRig;

  beforeEach(async () => {
    rig = await PolicyRig.start();
    await rig.set({ "balance.algorithm": "random" });
    await rig.set({ "balance.algorithm": "maglev", audit: "true" });
  });

  afterEach(async () => await rig[Symbol.asyncDispose]());

  it("is listed, newest first", async () => {
    assert.deepEqual(
      await rig.run("policy history orders"),
      done(
        [
          "VERSION   WRITTEN                FIELDS    NOTE",
          "2         1970-01-01T00:00:02Z   2         set by a test",
          "1         1970-01-01T00:00:01Z   1         set by a test",
          "",
        ].join("\n"),
      ),
    );
    const versions = JSON.parse((await rig.run("policy history orders --format json")).output);
    assert.deepEqual(
      versions.map(({ version }: { version: number }) => version),
      [2, 1],
    );
  });

  it("may be nothing", async () => {
    assert.deepEqual(await rig.run("policy history web"), done("No versions.\n"));
  });

  it("is compared with what is in force, and with others", async () => {
    const text = "+ audit=true\n- balance.algorithm=random\n+ balance.algorithm=maglev\n";
    assert.deepEqual(await rig.run("policy diff orders 1"), done(text));
    assert.deepEqual(await rig.run("policy diff orders 1 2"), done(text));
    assert.deepEqual(await rig.run("policy diff orders"), done(text));
    assert.deepEqual(await rig.run("policy diff orders 2 2"), done("No difference.\n"));
  });

  it("in force is compared with a file", async () => {
    const input = '{"balance": {"algorithm": "maglev"}, "retries": {"attempts": 0}}';
    assert.deepEqual(
      await rig.run("policy diff orders -f -", { input }),
      done("- audit=true\n+ retries.attempts=0\n"),
    );
  });

  it("says which versions are kept when another one is compared", async () => {
    const { code, error } = await rig.run("policy diff orders 7");
    assert.equal(code, 1);
    assert.match(error, /^version 7 of .* is not kept; these are: 2, 1\n$/);
  });

  it("becomes the newest again", async () => {
    assert.deepEqual(await rig.run("policy rollback orders 1"), done("shop-orders version 3\n"));
    assert.deepEqual(await rig.inForce(), { "balance.algorithm": "random" });
  });

  it("does not when it is not kept", async () => {
    const { code, error } = await rig.run("policy rollback orders 9");
    assert.equal(code, 1);
    assert.match(error, /\n {2}version: expected a version that is kept \(2, 1\), got "9"\n$/);
  });
});
