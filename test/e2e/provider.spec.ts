// The mesh as a service of a compose file, with the real Compose: one that has providers, and one that has none.
import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { DockerUser } from "../helpers/compose-release.ts";
import { docker, provided } from "../helpers/docker.ts";
import { eventually } from "../helpers/eventually.ts";
import { echoService } from "../helpers/project.ts";

const MESH = "mesh-test-provider";
const CONSOLE_PORT = 18_600;
const [ONE, OTHER] = ["mesh-test-one", "mesh-test-other"] as const;

function file(options: object = {}): object {
  return {
    services: {
      mesh: {
        provider: {
          type: "mesh",
          options: { catalog: "embedded", "console-port": CONSOLE_PORT, ...options },
        },
      },
      web: echoService(
        { "mesh.enable": "true" },
        { depends_on: ["mesh"], environment: { CATALOG: "of the file" } },
      ),
    },
  };
}

async function containers(...labels: readonly string[]): Promise<string[]> {
  const filters = labels.flatMap((label) => ["--filter", `label=${label}`]);
  const ids = await docker("ps", "-aq", "--no-trunc", ...filters);
  return ids.split("\n").filter(Boolean).sort();
}

const agents = (): Promise<string[]> => containers("docker-mesh.role=agent");
const sidecars = (): Promise<string[]> => containers("docker-mesh.role=sidecar");
const records = async (): Promise<string> =>
  await docker("volume", "ls", "-q", "--filter", "label=docker-mesh.asked-by");

describe("the provider, with Compose", () => {
  const environment = {
    MESH_PROJECT_NAME: MESH,
    MESH_IMAGE: provided("MESH_IMAGE"),
    MESH_CONSUL_IMAGE: provided("MESH_CONSUL_IMAGE"),
  };

  describe("that has providers", () => {
    let user: DockerUser;

    before(async () => {
      user = await DockerUser.of("sid", environment);
    });
    after(async () => {
      for (const project of [ONE, OTHER])
        await user?.compose(project, file(), "down", "--timeout", "2");
      await user?.docker("mesh", "down", "--volumes");
      await user?.[Symbol.asyncDispose]();
      assert.deepEqual([await agents(), await sidecars(), await records()], [[], [], ""]);
    });

    const meshed = (count: number): Promise<void> =>
      eventually(async () => assert.equal((await sidecars()).length, count), { timeout: 40_000 });

    it("installs the mesh with the first project, and its services join", async () => {
      const { code, output } = await user.compose(ONE, file(), "up", "-d");
      assert.equal(code, 0, output);
      assert.equal((await agents()).length, 1);
      await meshed(1);
    });

    it("changes nothing when it is called again, by somebody without Node", async () => {
      const image = provided("MESH_IMAGE");
      await using other = await DockerUser.fromImage(image, environment, "sid");
      const project = `com.docker.compose.project=${ONE}`;
      const found = [await agents(), await containers(project)];
      const { code, output } = await other.compose(ONE, file(), "up", "-d");
      assert.equal(code, 0, output);
      assert.deepEqual([await agents(), await containers(project)], found);
    });

    it("refuses a wrong option in words of its own, and leaves what is there", async () => {
      const { code, output } = await user.compose(OTHER, file({ catalog: "etcd" }), "up", "-d");
      assert.notEqual(code, 0);
      assert.match(output, /invalid argument "etcd" for --catalog: expected consul or embedded/);
      assert.equal((await agents()).length, 1);
      assert.ok(!(await records()).includes(OTHER));
    });

    it("stays for another project, and goes with the last one", async () => {
      const up = await user.compose(OTHER, file(), "up", "-d");
      assert.equal(up.code, 0, up.output);
      await meshed(2);
      const one = await user.compose(ONE, file(), "down", "--timeout", "2");
      assert.equal(one.code, 0, one.output);
      assert.equal((await agents()).length, 1);
      await meshed(1);
      const other = await user.compose(OTHER, file(), "down", "--timeout", "2");
      assert.equal(other.code, 0, other.output);
      assert.deepEqual([await agents(), await records()], [[], ""]);
      await meshed(0);
    });

    it("is one for two projects that begin at once", async () => {
      const both = [ONE, OTHER].map((project) => user.compose(project, file(), "up", "-d"));
      for (const { code, output } of await Promise.all(both)) assert.equal(code, 0, output);
      assert.equal((await agents()).length, 1);
      await meshed(2);
      for (const project of [ONE, OTHER]) await user.compose(project, file(), "down", "-t", "2");
      assert.deepEqual([await agents(), await sidecars(), await records()], [[], [], ""]);
    });

    it("is about the engine that Compose's own flags name", async () => {
      const astray = { ...environment, DOCKER_HOST: "unix:///nowhere/docker.sock" };
      const image = provided("MESH_IMAGE");
      await using other = await DockerUser.of("sid", astray);
      await using withoutNode = await DockerUser.fromImage(image, astray, "sid");
      for (const each of [other, withoutNode]) {
        const host = String(process.env["DOCKER_HOST"]);
        const { code, output } = await each.composeOn(host, ONE, file(), "down");
        assert.equal(code, 0, output);
      }
    });

    it("goes down where nothing is", async () => {
      const { code, output } = await user.compose(ONE, file(), "down");
      assert.equal(code, 0, output);
    });
  });

  it("that has none, says that it does not know it, and does nothing", async () => {
    await using user = await DockerUser.of("trixie", environment);
    const { code, output } = await user.compose(ONE, file(), "up", "-d");
    assert.notEqual(code, 0);
    assert.match(output, /services\.mesh Additional property provider is not allowed/);
    assert.deepEqual(await agents(), []);
    assert.deepEqual(await containers(`com.docker.compose.project=${ONE}`), []);
  });
});
