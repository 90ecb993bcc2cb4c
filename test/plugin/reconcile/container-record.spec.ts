import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { ContainerRecord } from "../../../plugin/reconcile/container-record.ts";
import { containerId, RESTARTED_AT, STARTED_AT } from "../../helpers/workloads.ts";

const [A, B] = [containerId("a"), containerId("b")];

describe("a record of containers", () => {
  let parent: string;
  let directory: string;

  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), "mesh-record-"));
    directory = join(parent, "run", "record");
  });

  afterEach(() => rm(parent, { recursive: true }));

  const reopened = async (): Promise<[string, string][]> => [
    ...(await ContainerRecord.open(directory)).known,
  ];

  it("begins empty, in a directory that only its owner may read", async () => {
    assert.deepEqual(await reopened(), []);
    assert.equal((await stat(directory)).mode & 0o777, 0o700);
  });

  it("is known to the next agent", async () => {
    const record = await ContainerRecord.open(directory);
    await record.add(A, STARTED_AT);
    await record.add(B, STARTED_AT);
    assert.deepEqual((await reopened()).sort(), [
      [A, STARTED_AT],
      [B, STARTED_AT],
    ]);
  });

  it("holds only the newest start of a container", async () => {
    const record = await ContainerRecord.open(directory);
    await record.add(A, STARTED_AT);
    await record.add(A, RESTARTED_AT);
    assert.deepEqual([...record.known], [[A, RESTARTED_AT]]);
    assert.deepEqual(await readdir(directory), [`${A}@${RESTARTED_AT}`]);
  });

  it("keeps the start before when the newest cannot be written", async () => {
    const record = await ContainerRecord.open(directory);
    record.add(A, STARTED_AT);
    const taken = join(directory, `${A}@${RESTARTED_AT}`);
    await mkdir(join(taken, "full"), { recursive: true });
    assert.throws(() => record.add(A, RESTARTED_AT));
    await rm(taken, { recursive: true });
    assert.deepEqual(await reopened(), [[A, STARTED_AT]]);
  });

  it("does not lose what is added right after it was forgotten", async () => {
    const record = await ContainerRecord.open(directory);
    for (let time = 0; time < 20; time += 1) {
      const forgotten = record.forget(A);
      record.add(A, STARTED_AT);
      await forgotten;
      assert.deepEqual(await reopened(), [[A, STARTED_AT]]);
    }
  });

  it("forgets containers that are gone, on disk too", async () => {
    const record = await ContainerRecord.open(directory);
    await record.add(A, STARTED_AT);
    await record.add(B, STARTED_AT);
    await record.keepOnly(new Set([B]));
    assert.deepEqual(await reopened(), [[B, STARTED_AT]]);
    await record.forget(B);
    await record.forget("unknown");
    assert.deepEqual(await readdir(directory), []);
  });

  it("is not confused by files of another kind, nor by files that vanished", async () => {
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, "lost+found"), "");
    const record = await ContainerRecord.open(directory);
    assert.deepEqual([...record.known], []);
    await record.add(A, STARTED_AT);
    await rm(join(directory, `${A}@${STARTED_AT}`));
    await record.add(A, RESTARTED_AT);
    assert.deepEqual([...record.known], [[A, RESTARTED_AT]]);
  });
});
