import assert from "node:assert/strict";
import { lstat, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { SetupError } from "../../scripts/command.ts";
import { makeLink, removeLinks } from "../../scripts/links.ts";
import { parseState, readState, type State, updateState } from "../../scripts/state.ts";

const EMPTY: State = {
  engine: undefined,
  links: [],
  pulledImages: [],
  projects: [],
  imagesBefore: undefined,
};

describe("what is remembered of a set-up", () => {
  let directory: string;
  const state = (): string => join(directory, "state");

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "mesh-state-"));
  });
  afterEach(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  it("is empty before anything was made", async () => {
    assert.deepEqual(await readState(state()), EMPTY);
  });

  it("comes back as it was written", async () => {
    const written: State = {
      engine: { socket: "/run/a.sock", network: { clean: true, forwarding: false } },
      links: [{ path: "/a", target: "/b" }],
      pulledImages: ["redis:7"],
      projects: [{ name: "mesh", file: "/mesh.yaml" }],
      imagesBefore: ["sha256:00"],
    };
    await updateState(state(), () => written);
    assert.deepEqual(await readState(state()), written);
  });

  it("survives a file that was cut off, and parts of another shape", () => {
    assert.deepEqual(parseState('{"links": [{"pa'), EMPTY);
    assert.deepEqual(parseState("[]"), EMPTY);
    assert.deepEqual(
      parseState(
        '{"engine": {"socket": "/a"}, "links": [{"path": "/a"}, {"path": "/a", "target": "/b"}]}',
      ),
      { ...EMPTY, links: [{ path: "/a", target: "/b" }] },
    );
  });

  describe("links", () => {
    const path = (): string => join(directory, "plugins", "docker-mesh");

    it("are made once, moved when the target moves, and removed", async () => {
      await makeLink(state(), path(), "/first");
      await makeLink(state(), path(), "/second");
      await makeLink(state(), path(), "/second");
      assert.deepEqual((await readState(state())).links, [{ path: path(), target: "/second" }]);
      assert.deepEqual(await removeLinks(state()), [path()]);
      await assert.rejects(lstat(path()), { code: "ENOENT" });
      assert.deepEqual(await removeLinks(state()), []);
    });

    it("do not replace what somebody else put there", async () => {
      const foreign = join(directory, "foreign");
      await writeFile(foreign, "theirs");
      await assert.rejects(makeLink(state(), foreign, "/ours"), SetupError);
      assert.equal(await readFile(foreign, "utf8"), "theirs");
    });

    it("stay when somebody has pointed them elsewhere since", async () => {
      await makeLink(state(), path(), "/ours");
      await rm(path());
      await symlink("/theirs", path());
      assert.deepEqual(await removeLinks(state()), []);
      assert.ok((await lstat(path())).isSymbolicLink());
    });
  });
});
