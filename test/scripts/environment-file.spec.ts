import assert from "node:assert/strict";
import { mkdtempDisposable, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "mocha";
import {
  removeEnvironmentFile,
  writeEnvironmentFile,
} from "../../scripts/mesh/environment-file.ts";

describe("the .env file beside a compose file", () => {
  it("holds what npm start chose, and goes with npm stop", async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), "mesh-test-"));
    const compose = join(folder.path, "mesh.yaml");
    await writeEnvironmentFile(compose, {
      MESH_IMAGE: "docker-mesh/mesh:1",
      MESH_CATALOG: "consul",
    });
    await writeEnvironmentFile(compose, { MESH_IMAGE: "it's $HOME" });
    const written = await readFile(join(folder.path, ".env"), "utf8");
    assert.equal(
      written,
      "# Written by `npm start`, removed by `npm stop`.\nMESH_IMAGE='it\\'s $HOME'\n",
    );
    await removeEnvironmentFile(compose);
    await assert.rejects(readFile(join(folder.path, ".env")), { code: "ENOENT" });
  });

  it("stays as it is when somebody else wrote it", async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), "mesh-test-"));
    const compose = join(folder.path, "mesh.yaml");
    await writeFile(join(folder.path, ".env"), "MESH_IMAGE=mine\n");
    await writeEnvironmentFile(compose, { MESH_IMAGE: "docker-mesh/mesh:1" });
    await removeEnvironmentFile(compose);
    assert.equal(await readFile(join(folder.path, ".env"), "utf8"), "MESH_IMAGE=mine\n");
  });
});
