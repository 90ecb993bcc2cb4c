// The image of the mesh as an engine has it: the same layers whenever it is built, and small.
import assert from "node:assert/strict";
import { cp, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { buildImage } from "../../scripts/engine/docker.ts";
import { archivePrograms } from "../../scripts/images/archive.ts";
import { bundlePrograms } from "../../scripts/images/bundle.ts";
import { docker, provided } from "../helpers/docker.ts";
import { ROOT } from "../structure/source-files.ts";

const PUBLIC_BASE = "node:24-bookworm-slim";
/** Beyond the Node binary, bytes. */
const LARGEST = 80_000_000;

describe("the image of the mesh", () => {
  const images = ["docker-mesh/mesh:once", "docker-mesh/mesh:again"] as const;
  let folder = "";

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "mesh-image-"));
  });
  after(async () => {
    await docker("rmi", "-f", ...images);
    await rm(folder, { recursive: true, force: true });
  });

  const layersOf = async (image: string): Promise<readonly string[]> =>
    JSON.parse(await docker("image", "inspect", "--format", "{{json .RootFS.Layers}}", image));

  it("has the same layers when it is built again, from programs that were made again", async () => {
    const present = await layersOf(provided("MESH_IMAGE"));
    const base = provided("MESH_TEST_BASE_IMAGE");
    for (const image of images) {
      const context = join(folder, image.replace(/.*:/, ""));
      await mkdir(context);
      await bundlePrograms(ROOT, join(folder, "cache"), join(context, "dist"));
      await archivePrograms(join(context, "dist"));
      await cp(join(ROOT, "Dockerfile"), join(context, "Dockerfile"));
      await buildImage(image, context, ["--no-cache", "--build-arg", `BASE=${base}`]);
    }
    const [once, again] = await Promise.all(images.map(layersOf));
    // What Debian's tools write into a public base bears the time of the build.
    if (base !== PUBLIC_BASE) assert.deepEqual(again, once);
    assert.equal(again?.at(-1), once?.at(-1));
    assert.equal(once?.at(-1), present.at(-1));
  });

  it(`is at most ${LARGEST / 1_000_000} MB beyond the Node binary`, async () => {
    const image = provided("MESH_IMAGE");
    const size = Number(await docker("image", "inspect", "--format", "{{.Size}}", image));
    const command = 'stat -L -c %s "$(command -v node)"';
    const node = Number(
      await docker("run", "--rm", "--network", "none", image, "sh", "-c", command),
    );
    assert.ok(node > 50_000_000, `Node: ${node} bytes`);
    assert.ok(size - node <= LARGEST, `${size - node} bytes beyond Node's ${node}`);
  });
});
