import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { silentLog } from "../../../mesh/log.ts";
import { publicKeys } from "../../../plugin/policy/key-set.ts";
import { KeySetRecord } from "../../../plugin/policy/key-set-record.ts";

const LOGIN = "https://login.example/keys";
const pair = generateKeyPairSync("ed25519");
const PRIVATE = JSON.stringify({ keys: [pair.privateKey.export({ format: "jwk" })] });
const KEYS = publicKeys(PRIVATE);

describe("the record of key sets", () => {
  let directory: string;
  let file: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "docker-mesh-"));
    file = join(directory, "state", "key-sets.json");
  });

  afterEach(() => rm(directory, { recursive: true }));

  const open = (): KeySetRecord => new KeySetRecord(file, silentLog);

  it("is what an earlier agent had last", () => {
    assert.equal(open().get(LOGIN), undefined);
    open().set(LOGIN, KEYS);
    assert.equal(open().get(LOGIN), KEYS);
  });

  it("keeps the 64 that changed last", () => {
    const record = open();
    for (let number = 0; number < 65; number += 1) record.set(`${LOGIN}/${number}`, KEYS);
    assert.deepEqual([open().get(`${LOGIN}/0`), open().get(`${LOGIN}/64`)], [undefined, KEYS]);
  });

  for (const text of ["", "{", "null", "[1]", '[["a", "no keys"]]']) {
    it(`is empty when its file holds ${JSON.stringify(text)}, and can be written again`, async () => {
      open().set(LOGIN, KEYS);
      await writeFile(file, text);
      assert.equal(open().get(LOGIN), undefined);
      open().set(LOGIN, KEYS);
      assert.equal(open().get(LOGIN), KEYS);
    });
  }

  it("gives public keys alone, whatever stands in the file", async () => {
    open().set(LOGIN, KEYS);
    await writeFile(file, JSON.stringify([[LOGIN, PRIVATE]]));
    assert.equal(open().get(LOGIN), KEYS);
    assert.ok(!(await readFile(file, "utf8")).includes(KEYS));
  });

  it("goes on without its file where none can be written", async () => {
    await writeFile(join(directory, "state"), "a file where the directory should be");
    const record = open();
    record.set(LOGIN, KEYS);
    assert.equal(record.get(LOGIN), KEYS);
  });
});
