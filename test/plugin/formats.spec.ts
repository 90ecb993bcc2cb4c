// What an agent keeps, held against what agents have kept before (test/golden/formats): each format is read by the version after
// the one that wrote it, and what is newer is never written over.
import assert from "node:assert/strict";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, it } from "mocha";
import { FORMAT, refuseNewerFormat } from "../../mesh/format.ts";
import { silentLog } from "../../mesh/log.ts";
import { openRoots, replaceRoots } from "../../plugin/certificates/root-file.ts";
import { KeySetRecord } from "../../plugin/policy/key-set-record.ts";
import { ContainerRecord } from "../../plugin/reconcile/container-record.ts";
import { EmbeddedPolicyStore } from "../../registry/embedded/policy-store.ts";
import { formatPolicy, parseStoredPolicy } from "../../registry/stored-policy.ts";

const GOLDEN = fileURLToPath(new URL("../golden/formats", import.meta.url));
const POLICY = {
  ...{ service: "shop-web", version: 3, document: { "balance.algorithm": "random" } },
  ...{ writtenAt: 1_767_225_600_000, note: "set by a test" },
};
const CHANGE = { document: {}, note: "" };
const NEWER = { code: "VERSION_MISMATCH", message: /a newer version of docker-mesh has written/ };

describe("what an agent keeps", () => {
  let directory: string;
  let file: string;
  const signal = new AbortController().signal;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "mesh-formats-"));
    file = join(directory, "kept.json");
  });
  afterEach(() => rm(directory, { recursive: true }));

  it("has a recording of the present format, which changes only with its number", async () => {
    const recorded = JSON.parse(
      await readFile(join(GOLDEN, String(FORMAT), "policy.json"), "utf8"),
    );
    assert.deepEqual(
      formatPolicy(POLICY),
      recorded,
      "versions that are there read it so: a field that they do without may come; for anything else raise FORMAT in mesh/format.ts " +
        "in the version after one that reads the new format already, and keep how it is written in test/golden/formats",
    );
  });

  for (const format of ["before", "1"]) {
    it(`format ${format}: is read as it was meant`, async () => {
      const text = await readFile(join(GOLDEN, format, "policy.json"), "utf8");
      assert.deepEqual(parseStoredPolicy("shop-web", text), POLICY);
      await cp(join(GOLDEN, format, "policies.json"), file);
      const store = await EmbeddedPolicyStore.open({ file });
      assert.deepEqual(await store.read("shop-web", signal), POLICY);
      const keys = new KeySetRecord(join(GOLDEN, format, "key-sets.json"), silentLog);
      assert.match(keys.get("https://issuer.test/keys") ?? "", /"kid":"a"/);
    });
  }

  it("policies of a newer format stay as they are, and the others count", async () => {
    const newer = { service: "shop-api", format: 2, more: true };
    const content = JSON.stringify([{ ...POLICY, format: 1 }, newer]);
    await writeFile(file, content);
    const store = await EmbeddedPolicyStore.open({ file });
    assert.deepEqual(await store.read("shop-web", signal), POLICY);
    for (const service of ["shop-api", "shop-web"])
      await assert.rejects(store.write(service, 0, CHANGE, signal), NEWER);
    for await (const { problems } of store.views(signal)) {
      assert.match(problems.join(), /cannot be changed from here: .*format 2, expected 1 at most/);
      break;
    }
    assert.equal(await readFile(file, "utf8"), content);
    assert.deepEqual(await readdir(directory), ["kept.json"]);
  });

  it("an authority of before is used, one of a newer format is not, and stays", async () => {
    const now = Date.now();
    const roots = await openRoots(directory, now);
    const path = join(directory, "authority.json");
    const { format, ...before } = JSON.parse(await readFile(path, "utf8"));
    assert.equal(format, FORMAT);
    await writeFile(path, JSON.stringify(before));
    assert.deepEqual(await openRoots(directory, now), roots);
    await replaceRoots(directory, roots);
    const newer = JSON.stringify({ ...before, format: 2 });
    await writeFile(path, newer);
    await assert.rejects(openRoots(directory, now), NEWER);
    assert.equal(await readFile(path, "utf8"), newer);
  });

  it("key sets and records of a newer form stay", async () => {
    const newer = '{"format":2,"sets":{}}';
    await writeFile(file, newer);
    const keys = new KeySetRecord(file, silentLog);
    keys.set("https://issuer.test/keys", '{"keys":[]}');
    assert.equal(keys.get("https://issuer.test/keys"), '{"keys":[]}');
    assert.equal(await readFile(file, "utf8"), newer);
    const records = join(directory, "held");
    await mkdir(records);
    await writeFile(join(records, "a@now@more"), "");
    await writeFile(join(records, "b@now"), "");
    const record = await ContainerRecord.open(records);
    assert.deepEqual([...record.known.keys()], ["b"]);
    await record.keepOnly(new Set());
    assert.deepEqual(await readdir(records), ["a@now@more"]);
  });

  it("is told by its number, and has the first without one", () => {
    for (const value of [undefined, null, {}, { format: 1 }, { format: "2" }, []])
      refuseNewerFormat(value);
    assert.throws(() => refuseNewerFormat({ format: 2 }), NEWER);
    refuseNewerFormat({ format: 2 }, 2);
  });
});
