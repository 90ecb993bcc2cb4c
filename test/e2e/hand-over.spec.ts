// Sidecars are replaced while their applications are at work, as an upgrade of the mesh does it.
import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { docker } from "../helpers/docker.ts";
import { eventually } from "../helpers/eventually.ts";
import { type LoadCounts, loadService, readLoad, streamingService } from "../helpers/load.ts";
import { Mesh } from "../helpers/mesh.ts";
import { ComposeProject, sidecarsOf } from "../helpers/project.ts";

describe("sidecars under running applications", () => {
  let mesh: Mesh;
  let shop: ComposeProject;
  let containers: readonly string[];

  before(async () => {
    mesh = await Mesh.start({ catalog: "embedded" });
    const labels = { "mesh.enable": "true" };
    shop = await ComposeProject.up("hand-over", {
      services: {
        orders: streamingService({ ...labels, "mesh.port": "8080" }),
        web: loadService({ ...labels, "mesh.port": "9000" }),
      },
    });
    await mesh.untilReady({ "hand-over-orders": 1, "hand-over-web": 1 });
    containers = [...(await shop.containersOf("orders")), ...(await shop.containersOf("web"))];
  });

  after(async () => {
    await shop?.[Symbol.asyncDispose]();
    await mesh?.[Symbol.asyncDispose]();
  });

  const startedAt = (): Promise<string> =>
    docker("inspect", "--format", "{{.State.StartedAt}} {{.RestartCount}}", ...containers);

  const sidecars = async (): Promise<string[]> =>
    (await Promise.all(containers.map(sidecarsOf))).flat().sort();

  /** Waits until each of these has gone, and one other stands beside each container. */
  const untilReplaced = async (old: readonly string[]): Promise<void> => {
    await eventually(
      async () => {
        const now = await sidecars();
        assert.equal(now.length, containers.length);
        assert.deepEqual(
          now.filter((id) => old.includes(id)),
          [],
        );
      },
      { timeout: 90_000 },
    );
  };

  /** What the load counts until more of each kind has been served. */
  const untilServed = async (since: LoadCounts): Promise<LoadCounts> =>
    await eventually(
      async () => {
        const now = await readLoad(shop, "web");
        for (const kind of ["fresh", "kept", "streams"] as const)
          assert.ok(now[kind] > since[kind] + 1, `${kind}: ${now[kind]}`);
        return now;
      },
      { timeout: 30_000 },
    );

  it("are replaced, and no request is lost", async () => {
    const [started, old, before] = await Promise.all([
      startedAt(),
      sidecars(),
      readLoad(shop, "web"),
    ]);
    await mesh.upgrade({ MESH_LOG_LEVEL: "info" });
    await untilReplaced(old);
    const { failures } = await untilServed(await readLoad(shop, "web"));
    assert.deepEqual(failures, before.failures);
    assert.deepEqual(failures, []);
    assert.equal(await startedAt(), started);
  });
});
