import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "mocha";
import { missingForSwarm } from "../../scripts/swarm/requirements.ts";

describe("what a swarm takes of its machine", () => {
  let path: string | undefined;
  beforeEach(() => {
    path = process.env["PATH"];
  });
  afterEach(() => {
    process.env["PATH"] = path;
  });

  it("is told when it is missing, with what to do", async () => {
    process.env["PATH"] = "/nowhere";
    const missing = await missingForSwarm();
    assert.match(missing ?? "", /^expected (root, since|the program ip; install .* iproute2$)/);
  });
});
