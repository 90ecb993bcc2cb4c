// The provider as Compose calls it. With real Compose: test/e2e/provider.spec.ts.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "mocha";
import { type End, PROJECT, partOfMesh, Stage, type StagedContainer } from "./stage.ts";

const BY_PROVIDER = { "docker-mesh.installed-by": "provider" };
const ASKER = "docker-mesh-asked-by-";

interface Message {
  readonly type: string;
  readonly message: string;
}

describe("the provider of Compose services", () => {
  let stage: Stage;

  beforeEach(async () => {
    stage = await Stage.open();
  });
  afterEach(() => stage[Symbol.asyncDispose]());

  /** Everything on standard output is a message. */
  const messages = ({ output }: End): Message[] =>
    output
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Message);
  const texts = (end: End): string[] => messages(end).map(({ message }) => message);
  const types = (end: End): string[] => [...new Set(messages(end).map(({ type }) => type))];
  const application = (project: string): StagedContainer => ({
    name: `${project}-web-1`,
    labels: { [PROJECT]: project, "mesh.enable": "true" },
  });
  const installed = (...others: readonly StagedContainer[]): void => {
    stage.containers = [partOfMesh("agent", { labels: BY_PROVIDER }), ...others];
  };

  it("declares its options, so that Compose passes no other", async () => {
    const { code, output } = await stage.run("compose metadata");
    assert.equal(code, 0);
    const { up, description } = JSON.parse(output) as {
      readonly description: string;
      readonly up: { readonly parameters: readonly { name: string; required: boolean }[] };
    };
    assert.ok(description.length > 0);
    assert.deepEqual(
      up.parameters.map(({ name }) => name),
      ["catalog", "console-port", "consul-port", "timeout"],
    );
    assert.ok(up.parameters.every(({ required }) => !required));
  });

  for (const form of ["--project-name=shop", "--project-name shop"]) {
    it(`installs the mesh for ${form}, and remembers who asked`, async () => {
      stage.containers = [partOfMesh("agent", { state: "exited", labels: BY_PROVIDER })];
      const end = await stage.run(`compose ${form} up --catalog=embedded mesh`);
      assert.equal(end.code, 0);
      assert.deepEqual(types(end), ["info"]);
      assert.deepEqual(texts(end), ["Container mesh-agent-1  Healthy", "the mesh is up"]);
      assert.deepEqual([...stage.volumes.keys()], [`${ASKER}shop`]);
      const { MESH_CATALOG, MESH_INSTALLED_BY } = await stage.variables();
      assert.deepEqual([MESH_CATALOG, MESH_INSTALLED_BY], ["embedded", "provider"]);
      const again = await stage.run(`compose ${form} up --catalog=embedded mesh`);
      assert.deepEqual(texts(again), texts(end));
    });
  }

  it("leaves a mesh alone that a user, or somebody else, has installed", async () => {
    stage.containers = [partOfMesh("agent")];
    await stage.run("compose --project-name=shop up mesh");
    assert.equal((await stage.variables())["MESH_INSTALLED_BY"], "user");
    const down = await stage.run("compose --project-name=shop down mesh");
    assert.deepEqual(texts(down), ["the mesh stays: a user installed it"]);
    stage.containers = [{ name: "other", labels: { "docker-mesh.role": "agent" } }];
    const up = await stage.run("compose --project-name=shop up mesh");
    assert.deepEqual(texts(up), ["the mesh is there already: other"]);
  });

  it("tries again, since another project may be at it at the same time", async () => {
    stage.containers = [partOfMesh("agent", { labels: BY_PROVIDER })];
    const end = await stage.run("compose --project-name=shop up mesh", { MESH_TEST_UP: "once" });
    assert.deepEqual([end.code, texts(end).at(-1)], [0, "the mesh is up"]);
    assert.equal((await stage.calls()).filter((call) => call.includes(" up ")).length, 2);
  }).timeout(20_000);

  it("says in one message why the mesh does not come up, and forgets who asked", async () => {
    const failing = { MESH_TEST_UP: "1", MESH_TEST_SAYS: "port 8600 is taken" };
    const end = await stage.run("compose --project-name=shop up mesh", failing);
    assert.equal(end.code, 1);
    assert.deepEqual(messages(end).at(-1), {
      type: "error",
      message: "the mesh did not come up: Container mesh-agent-1  port 8600 is taken",
    });
    assert.deepEqual([...stage.volumes.keys()], []);
  }).timeout(20_000);

  for (const [line, message] of [
    ["up --catalog=etcd mesh", /^invalid argument "etcd" for --catalog/],
    ["up --bogus=1 mesh", /^unknown flag: --bogus/],
    ["restart mesh", /^expected to be called as Docker Compose calls providers/],
    ["up mesh", /./],
  ] as const) {
    it(`refuses ${line} in one message of Compose's kind`, async () => {
      const project = line === "up mesh" ? "" : "--project-name=shop ";
      const end = await stage.run(`compose ${project}${line}`);
      assert.equal(end.code, 1);
      assert.deepEqual(types(end), ["error"]);
      assert.match(texts(end)[0] ?? "", message);
      assert.equal(messages(end).length, 1);
      assert.deepEqual([...stage.volumes.keys()], []);
    });
  }

  describe("down", () => {
    const DOWN = "compose --project-name=shop down mesh";

    it("takes the mesh along with the last project that asked, and sets no variable", async () => {
      installed(application("shop"));
      stage.volumes.set(`${ASKER}shop`, { "docker-mesh.asked-by": "shop" });
      const end = await stage.run(DOWN);
      assert.deepEqual([end.code, types(end)], [0, ["info"]]);
      assert.equal(texts(end).at(-1), "the mesh is gone");
      assert.match((await stage.calls()).at(-1) ?? "", / down$/);
      assert.deepEqual([...stage.volumes.keys()], []);
    });

    it("is done where nothing is", async () => {
      const end = await stage.run(DOWN, { MESH_TEST_COMPOSE_EXIT: "1" });
      assert.deepEqual([end.code, texts(end)], [0, ["there is no mesh"]]);
    });

    const USERS: readonly (readonly [string, readonly StagedContainer[], string | undefined])[] = [
      ["has labelled containers", [application("other")], undefined],
      ["asks for it", [{ name: "x", labels: { [PROJECT]: "other" } }], "other"],
      ["has just asked, and has no containers yet", [], "other"],
    ];
    for (const [what, containers, asker] of USERS) {
      it(`leaves the mesh there while another project ${what}`, async () => {
        installed(application("shop"), ...containers);
        if (asker !== undefined)
          stage.volumes.set(`${ASKER}${asker}`, { "docker-mesh.asked-by": asker });
        const end = await stage.run(DOWN);
        assert.deepEqual([end.code, texts(end)], [0, ["the mesh stays, for other"]]);
        assert.deepEqual(await stage.calls(), []);
      });
    }

    it("forgets a project that went without telling, as one does without its compose file", async () => {
      installed();
      stage.volumes.set(`${ASKER}other`, { "docker-mesh.asked-by": "other" });
      stage.volumesCreatedAt = "2026-01-01T00:00:00Z";
      assert.equal(texts(await stage.run(DOWN)).at(-1), "the mesh is gone");
      assert.deepEqual([...stage.volumes.keys()], []);
    });

    it("tells of an engine that is not reachable", async () => {
      const end = await stage.run(DOWN, { DOCKER_HOST: "unix:///nowhere.sock" });
      assert.equal(end.code, 1);
      assert.match(texts(end)[0] ?? "", /^cannot reach the engine at unix:\/\/\/nowhere\.sock/);
    });
  });
});
