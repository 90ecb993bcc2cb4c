// `docker mesh upgrade`, while applications call each other.
import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { AGENT_VERSION } from "../../plugin/version.ts";
import { DockerUser, type Ended } from "../helpers/compose-release.ts";
import { docker, provided } from "../helpers/docker.ts";
import { eventually } from "../helpers/eventually.ts";
import {
  GENTLE,
  type LoadCounts,
  loadService,
  readLoad,
  streamingService,
} from "../helpers/load.ts";
import { Mesh } from "../helpers/mesh.ts";
import {
  buildBrokenAgent,
  buildBrokenSidecars,
  buildDistant,
  buildVersion,
} from "../helpers/other-images.ts";
import { ComposeProject, sidecarsOf } from "../helpers/project.ts";

const NEXT = "0.1.999";

describe("docker mesh upgrade, while applications call each other", () => {
  let user: DockerUser;
  let mesh: Mesh;
  let shop: ComposeProject;
  let containers: readonly string[];
  const images: string[] = [];

  before(async () => {
    user = await DockerUser.of("trixie", { MESH_PROJECT_NAME: "mesh-test" });
    mesh = await Mesh.start({ catalog: "embedded" });
    const labels = { "mesh.enable": "true" };
    shop = await ComposeProject.up("upgraded", {
      services: {
        orders: streamingService({ ...labels, "mesh.port": "8080" }),
        web: loadService({ ...labels, "mesh.port": "9000" }, GENTLE),
      },
    });
    await mesh.untilReady({ "upgraded-orders": 1, "upgraded-web": 1 });
    containers = [...(await shop.containersOf("orders")), ...(await shop.containersOf("web"))];
    await readLoad(shop, "web");
  });

  after(async () => {
    await shop?.[Symbol.asyncDispose]();
    await mesh?.[Symbol.asyncDispose]();
    await user?.[Symbol.asyncDispose]();
    if (images.length > 0) await docker("rmi", "-f", ...images);
  });

  const upgrade = (...args: readonly string[]): Promise<Ended> =>
    user.docker("mesh", "upgrade", ...args);

  /** Of applications and mesh. */
  const startedAt = (): Promise<string> =>
    docker("inspect", "--format", "{{.Id}} {{.State.StartedAt}} {{.RestartCount}}", ...containers);

  /** The image of each sidecar. */
  const sidecarImages = async (): Promise<readonly string[]> => {
    const sidecars = (await Promise.all(containers.map(sidecarsOf))).flat();
    return (await docker("inspect", "--format", "{{.Image}}", ...sidecars)).split("\n");
  };

  const idOf = (image: string): Promise<string> =>
    docker("image", "inspect", "--format", "{{.Id}}", image);

  /** Waits until more of each kind has been served; nothing may have failed since the beginning. */
  const untilServed = async (since: LoadCounts): Promise<void> =>
    await eventually(
      async () => {
        const now = await readLoad(shop, "web");
        assert.deepEqual(now.failures, []);
        for (const kind of ["fresh", "kept"] as const) assert.ok(now[kind] > since[kind] + 5);
      },
      { timeout: 20_000 },
    );

  /** Every application is as it was, served by sidecars of that image alone. */
  const isOf = async (image: string): Promise<void> => {
    const id = await idOf(image);
    assert.deepEqual(await sidecarImages(), [id, id]);
    const agent = await docker(
      "inspect",
      "--format",
      "{{.Image}}",
      await mesh.containerOf("agent"),
    );
    assert.equal(agent, id);
    await mesh.untilReady({ "upgraded-orders": 1, "upgraded-web": 1 });
  };

  it("agent and sidecars become those of the next version, and no request is lost", async () => {
    const image = await buildVersion(NEXT, AGENT_VERSION);
    images.push(image);
    const [started, before] = await Promise.all([startedAt(), readLoad(shop, "web")]);
    const { code, output } = await upgrade(NEXT);
    assert.equal(code, 0, output);
    assert.match(output, /^upgrading from 0\.1\.0 .* to 0\.1\.999 .*2 of 2 sidecars to replace\n/);
    assert.match(output, /\n2 of 2 sidecars\nThe mesh is upgraded\.\n$/);
    await isOf(image);
    await untilServed(before);
    assert.equal(await startedAt(), started);
    assert.equal((await mesh.status()).agent.version, NEXT);
  });

  it("a version whose agent does not come up is taken back", async () => {
    const broken = await buildBrokenAgent();
    images.push(broken);
    const [started, before] = await Promise.all([startedAt(), readLoad(shop, "web")]);
    const { code, output } = await upgrade(broken);
    assert.equal(code, 1, output);
    assert.match(output, /agent-1 ends again and again: Error: broken on purpose; going back to/);
    assert.match(output, /the mesh is of 0\.1\.999 .* again\n$/);
    await isOf(`docker-mesh/mesh:${NEXT}`);
    await untilServed(before);
    assert.equal(await startedAt(), started);
  });

  it("a version whose sidecars do not come up is taken back, and the others stay all the while", async () => {
    const broken = await buildBrokenSidecars();
    images.push(broken);
    const [old, before] = await Promise.all([
      Promise.all(containers.map(sidecarsOf)),
      readLoad(shop, "web"),
    ]);
    const { code, output } = await upgrade(broken);
    assert.equal(code, 1, output);
    assert.match(output, /the new sidecar of upgraded-.* printed: Error: broken on purpose/);
    await isOf(`docker-mesh/mesh:${NEXT}`);
    assert.deepEqual(await Promise.all(containers.map(sidecarsOf)), old);
    await untilServed(before);
  });

  it("a version that is too far away, or is none, changes nothing", async () => {
    const distant = await buildDistant();
    images.push(distant);
    const far = await upgrade(distant);
    assert.equal(far.code, 1);
    assert.match(far.output, /9\.0\.0 .* is too far from 0\.1\.999 .*contract 9, expected 1 or 2/);
    const none = await upgrade(provided("MESH_DEMO_IMAGE"));
    assert.match(none.output, /expected an image of the mesh, found that .* has no label/);
    await isOf(`docker-mesh/mesh:${NEXT}`);
  });

  it("back again, where the command's own version is wanted", async () => {
    const own = provided("MESH_IMAGE");
    const { code, output } = await upgrade("--dry-run", own);
    assert.equal(code, 0, output);
    assert.match(
      output,
      /^would upgrade from 0\.1\.999 .* to 0\.1\.0 .*2 of 2 sidecars to replace\n$/,
    );
  });
});
