// The commands of the pages that begin with nothing but an engine, as a reader types them: each page starts what it needs, and what
// it leaves is removed before the next one. Which commands are not run, and why, is in test/docs/not-run.ts.
import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import type { DockerUser } from "../helpers/compose-release.ts";
import { composeComplaints, newReader, removeAll, runPages } from "../helpers/run-pages.ts";

describe("the documentation, from an engine alone", () => {
  let user: DockerUser;

  before(async () => {
    user = await newReader();
  });

  after(async () => {
    await user?.[Symbol.asyncDispose]();
  });

  it("has compose files that Compose accepts", async () => {
    assert.deepEqual(await composeComplaints(user), []);
  });

  runPages(
    "engine",
    () => user,
    async () => await removeAll(user),
  );
});
