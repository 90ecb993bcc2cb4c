import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import type { MeshError } from "../../../mesh/errors.ts";
import { EmbeddedPolicyStore } from "../../../registry/embedded/policy-store.ts";
import type { PoliciesView } from "../../../registry/policy-store.ts";
import { ManualClock } from "../../helpers/manual-clock.ts";
import { policyStoreConformance } from "../policy-store-conformance.ts";

const RANDOM = { document: { "balance.algorithm": "random" }, note: "set balance.algorithm" };
const soon = (): AbortSignal => AbortSignal.timeout(5_000);
const temporary = (): Promise<string> => mkdtemp(join(tmpdir(), "mesh-policies-"));

policyStoreConformance("the embedded policy store", async () => {
  const directory = await temporary();
  const file = join(directory, "state", "policies.json");
  const store = await EmbeddedPolicyStore.open({ file });
  return {
    store,
    peer: store,
    reopen: () => EmbeddedPolicyStore.open({ file }),
    async [Symbol.asyncDispose]() {
      await rm(directory, { recursive: true });
    },
  };
});

describe("the file of the embedded policy store", () => {
  let directory: string;
  let file: string;

  beforeEach(async () => {
    directory = await temporary();
    file = join(directory, "policies.json");
  });
  afterEach(() => rm(directory, { recursive: true }));

  const open = (): Promise<EmbeddedPolicyStore> =>
    EmbeddedPolicyStore.open({ file, clock: new ManualClock(1_000) });
  async function writeTwo(): Promise<void> {
    const store = await open();
    await store.write("orders", 0, RANDOM, soon());
    await store.write("web", 0, RANDOM, soon());
  }

  it("is for its owner alone, and nothing lies beside it", async () => {
    await writeTwo();
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.deepEqual(await readdir(directory), ["policies.json"]);
  });

  it("is not made before there is something to keep", async () => {
    await open();
    assert.deepEqual(await readdir(directory), []);
  });

  it("is whole after a crash that left half of a new one beside it, which is gone with the next", async () => {
    await writeTwo();
    await writeFile(`${file}.new`, '[{"service":"ord');
    const store = await open();
    assert.equal((await store.read("orders", soon()))?.version, 1);
    assert.deepEqual((await firstView(store)).problems, []);
    await store.write("orders", 1, RANDOM, soon());
    assert.deepEqual(await readdir(directory), ["policies.json"]);
    assert.equal((await (await open()).read("orders", soon()))?.version, 2);
  });

  it("stays as it was when it cannot be written, and so does what is in force", async () => {
    await writeTwo();
    const before = await readFile(file);
    const store = await open();
    await rm(file);
    await mkdir(join(file, "in the way"), { recursive: true });
    await assert.rejects(
      store.write("orders", 1, RANDOM, soon()),
      (error: MeshError) => error.code === "CATALOG_UNAVAILABLE" && error.message.includes(file),
    );
    assert.equal((await store.read("orders", soon()))?.version, 1);
    assert.deepEqual(await readdir(directory), ["policies.json"], "no half of a file is left");
    await rm(file, { recursive: true });
    await writeFile(file, before);
    assert.equal((await store.write("orders", 1, RANDOM, soon())).version, 2);
  });

  it("is an error that names it when it cannot be read", async () => {
    await mkdir(file);
    await assert.rejects(
      open(),
      (error: MeshError) => error.code === "CONFIGURATION_INVALID" && error.message.includes(file),
    );
  });

  const entry = { service: "web", version: 1, document: {}, writtenAt: 0, note: "" };
  const damages: readonly (readonly [name: string, content: string, kept: readonly string[]])[] = [
    ["is empty", "", []],
    ["is cut off", '[{"service":"orders","version":1,', []],
    ["is no list", '{"orders":{}}', []],
    ["is null", "null", []],
    ["holds null", JSON.stringify([null, entry]), ["web"]],
    ["holds a policy of nobody", JSON.stringify([{ ...entry, service: 1 }, entry]), ["web"]],
    [
      "holds a version after which none can be counted",
      JSON.stringify([entry, { ...entry, service: "a", version: Number.MAX_SAFE_INTEGER }]),
      ["web"],
    ],
    [
      "holds a version of 0",
      JSON.stringify([entry, { ...entry, service: "a", version: 0 }]),
      ["web"],
    ],
    ["holds a document of numbers", JSON.stringify([{ ...entry, document: { a: 1 } }]), []],
  ];
  for (const [name, content, kept] of damages) {
    it(`is kept aside and reported when it ${name}; the rest of it counts`, async () => {
      await writeFile(file, content);
      const store = await open();
      const aside = `${file}.damaged-1000`;
      const { policies, problems } = await firstView(store);
      assert.equal(problems.length, 1);
      assert.match(problems[0] ?? "", /were damaged: expected/);
      assert.ok(problems[0]?.includes(aside));
      assert.deepEqual([...policies.keys()], kept);
      assert.equal(await readFile(aside, "utf8"), content);
      await store.write("orders", 0, RANDOM, soon());
      const again = await firstView(await open());
      assert.deepEqual([...again.policies.keys()].toSorted(), ["orders", ...kept]);
      assert.deepEqual(again.problems, []);
      assert.equal(await readFile(aside, "utf8"), content);
    });
  }
});

async function firstView(store: EmbeddedPolicyStore): Promise<PoliciesView> {
  for await (const view of store.views(soon())) return view;
  throw new Error("no view");
}
