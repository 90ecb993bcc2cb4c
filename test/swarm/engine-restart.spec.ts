// Compose on one machine whose engine is restarted, as an upgrade of Docker does it.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "mocha";
import type { EngineKind } from "../../scripts/swarm/engine.ts";
import type { Swarm } from "../../scripts/swarm/swarm.ts";
import { docker } from "../helpers/docker.ts";
import { eventually } from "../helpers/eventually.ts";
import { type LoadCounts, loadService, readLoad, streamingService } from "../helpers/load.ts";
import { Mesh } from "../helpers/mesh.ts";
import { ComposeProject, sidecarsOf } from "../helpers/project.ts";
import { startTestEngine } from "../helpers/swarm.ts";

const PROJECT = "mesh-test-engine";
const MESHED = { "mesh.enable": "true" };
const READY = { [`${PROJECT}-orders`]: 2, [`${PROJECT}-web`]: 1 };

const file = (copies: number): object => ({
  services: {
    orders: {
      ...streamingService({ ...MESHED, "mesh.port": "8080" }),
      restart: "unless-stopped",
      deploy: { replicas: copies },
    },
    web: { ...loadService({ ...MESHED, "mesh.port": "9000" }), restart: "unless-stopped" },
  },
});

describe("an engine that is restarted", () => {
  let home: string | undefined;
  let machine: Swarm | undefined;
  let mesh: Mesh;
  let shop: ComposeProject;

  before(() => {
    home = process.env["DOCKER_HOST"];
  });
  after(() => {
    process.env["DOCKER_HOST"] = home;
  });

  const install = async (kind: EngineKind): Promise<void> => {
    machine = await startTestEngine(kind);
    process.env["DOCKER_HOST"] = `unix://${machine.node("node-1").socket}`;
    mesh = await Mesh.start();
    shop = await ComposeProject.up(PROJECT, file(2));
    await mesh.untilReady(READY);
    await served(await readLoad(shop, "web"));
  };

  // With the machine everything on it is gone.
  afterEach(async () => {
    process.env["DOCKER_HOST"] = home;
    await machine?.remove();
    machine = undefined;
  });

  const restart = async (): Promise<void> => await machine?.node("node-1").restartEngine();

  const served = async (since: LoadCounts): Promise<LoadCounts> =>
    await eventually(
      async () => {
        const now = await readLoad(shop, "web");
        for (const kind of ["fresh", "kept", "streams"] as const)
          assert.ok(now[kind] > since[kind] + 1, `${kind}: ${now[kind]}; ${now.failures.at(-1)}`);
        return now;
      },
      { timeout: 40_000 },
    );

  const containers = async (): Promise<string> => {
    const ids = (await docker("ps", "-q", "--no-trunc")).split("\n").sort();
    const format = "{{.Id}} {{.State.StartedAt}} {{.RestartCount}} {{.State.Running}}";
    return await docker("inspect", "--format", format, ...ids);
  };

  it("loses nothing with live-restore: all runs on, and the agent finds the engine again", async () => {
    await install({ liveRestore: true });
    const [before, load] = [await containers(), await readLoad(shop, "web")];
    await restart();
    const { failures } = await served(load);
    assert.deepEqual(failures, []);
    assert.equal(await containers(), before);
    await shop.change(file(3));
    await mesh.untilReady({ ...READY, [`${PROJECT}-orders`]: 3 });
    assert.deepEqual((await readLoad(shop, "web")).failures, []);
  });

  it("comes back without live-restore: all starts anew, and traffic flows without anybody's help", async () => {
    await install({ liveRestore: false });
    const before = await containers();
    await restart();
    await eventually(
      async () => {
        const { status, body } = await shop.fetch("web", "http://orders:8080/");
        assert.deepEqual([status, body], [200, "here"]);
      },
      { timeout: 60_000, interval: 200 },
    );
    await mesh.untilReady(READY);
    assert.notEqual(await containers(), before);
    for (const service of ["orders", "web"]) {
      for (const id of await shop.containersOf(service)) {
        assert.equal((await sidecarsOf(id)).length, 1);
      }
    }
    await served(await readLoad(shop, "web"));
  });
});
