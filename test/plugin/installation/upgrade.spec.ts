import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { nameTarget } from "../../../plugin/installation/mesh-image.ts";
import { AGENT_VERSION } from "../../../plugin/version.ts";
import { PROJECT, partOfMesh, Stage } from "./stage.ts";

const OLD = { name: "docker-mesh/mesh:0.1.0", id: "sha256:old", version: "0.1.0" };
const NEXT = { name: "docker-mesh/mesh:0.2.0", id: "sha256:next", version: "0.2.0", contract: "2" };
const FAR = { name: "docker-mesh/mesh:0.3.0", id: "sha256:far", version: "0.3.0", contract: "3" };

describe("docker mesh upgrade", () => {
  const staged = async (): Promise<Stage> => {
    const stage = await Stage.open();
    stage.images = [OLD, NEXT, FAR];
    stage.containers = [partOfMesh("agent", { image: OLD.name, imageId: OLD.id })];
    return stage;
  };

  it("means the version of the command, or that of the image that is there", () => {
    const cases = [
      [undefined, "docker-mesh/mesh:0.0.9", `docker-mesh/mesh:${AGENT_VERSION}`],
      ["0.2.0", "example:5000/mesh:0.1.0", "example:5000/mesh:0.2.0"],
      ["0.2.0", "example:5000/mesh", "example:5000/mesh:0.2.0"],
      ["0.2.0", "example/mesh:0.1.0@sha256:abc", "example/mesh:0.2.0"],
      ["0.2.0", "sha256:abc", "docker-mesh/mesh:0.2.0"],
      ["example/mesh", "docker-mesh/mesh:0.1.0", "example/mesh"],
      ["mesh:mine", "docker-mesh/mesh:0.1.0", "mesh:mine"],
    ] as const;
    for (const [asked, present, expected] of cases)
      assert.equal(nameTarget(asked, present), expected);
  });

  it("tells what would be done", async () => {
    await using stage = await staged();
    const { code, output } = await stage.run("mesh upgrade --dry-run 0.2.0");
    assert.deepEqual(
      [code, output],
      [
        0,
        "would upgrade from 0.1.0 (docker-mesh/mesh:0.1.0) to 0.2.0 (docker-mesh/mesh:0.2.0), 0 of 0 sidecars to replace\n",
      ],
    );
    assert.deepEqual(await stage.calls(), ["compose version --short"]);
  });

  it("goes back from a version with a service that this one does not know", async () => {
    await using stage = await staged();
    const labels = {
      ...{ [PROJECT]: "mesh", "com.docker.compose.service": "of-later" },
      "docker-mesh.installed-by": "user",
    };
    stage.containers = [...stage.containers, { name: "mesh-of-later-1", labels }];
    assert.equal((await stage.run("mesh upgrade --dry-run 0.2.0")).code, 0);
  });

  it("refuses a version that is too far away for the sidecars that are there", async () => {
    await using stage = await staged();
    const { code, error } = await stage.run("mesh upgrade 0.3.0");
    assert.equal(code, 1);
    assert.match(error, /^0\.3\.0 .* is too far from 0\.1\.0 .*\(contract 3, expected 1 or 2\)/);
    assert.deepEqual(await stage.calls(), ["compose version --short"]);
  });

  it("says what to do on a swarm", async () => {
    await using stage = await staged();
    const agent = { "docker-mesh.role": "agent", "com.docker.stack.namespace": "mesh" };
    stage.containers = [{ name: "mesh_agent.1", labels: agent }];
    const { code, error } = await stage.run("mesh upgrade 0.2.0");
    assert.equal(code, 1);
    assert.match(error, /`MESH_IMAGE=docker-mesh\/mesh:0\.2\.0 docker mesh up --swarm`/);
  });

  it("wants a mesh that is there, and one image at most", async () => {
    await using stage = await staged();
    assert.equal((await stage.run("mesh upgrade 0.2.0 0.3.0")).code, 1);
    stage.containers = [{ name: "shop-web-1", labels: { [PROJECT]: "shop" } }];
    const { error } = await stage.run("mesh upgrade");
    assert.match(error, /^there is no mesh on this engine: `docker mesh up` installs it/);
  });
});
