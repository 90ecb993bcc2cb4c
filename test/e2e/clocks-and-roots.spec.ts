// What certificates rest on changes while traffic flows: the clock by which one side judges them, and the root that signs
// them. Both at once are the worst: all leaves are new, and for whoever's clock is behind none is valid yet.
import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { docker } from "../helpers/docker.ts";
import { eventually } from "../helpers/eventually.ts";
import { type LoadCounts, loadService, readLoad, streamingService } from "../helpers/load.ts";
import { Mesh } from "../helpers/mesh.ts";
import { buildMovableClock, clockError, moveClock } from "../helpers/moved-clock.ts";
import { replaceRoot } from "../helpers/new-root.ts";
import { ComposeProject, echoService, sidecarsOf } from "../helpers/project.ts";

const PROJECT = "mesh-test-clocks";
const IMAGE = "docker-mesh/mesh:movable-clock";
const LABELS = { "mesh.enable": "true" };
/** The host name of the workload that calls, and so of its sidecar. */
const CALLER = "elsewhere";
const MINUTES = 60;

describe("clocks and roots that change under load", () => {
  let mesh: Mesh;
  let shop: ComposeProject;
  const file = (more: object = {}): object => ({
    services: {
      orders: streamingService({ ...LABELS, "mesh.port": "8080" }),
      web: { ...loadService({ ...LABELS, "mesh.port": "9000" }), hostname: CALLER },
      ...more,
    },
  });

  before(async () => {
    await buildMovableClock(IMAGE);
    mesh = await Mesh.start({ image: IMAGE });
    shop = await ComposeProject.up(PROJECT, file());
    await mesh.untilReady({ [`${PROJECT}-orders`]: 1, [`${PROJECT}-web`]: 1 });
    await served(await readLoad(shop, "web"), ["fresh", "kept"]);
  });

  after(async () => {
    await shop?.[Symbol.asyncDispose]();
    await mesh?.[Symbol.asyncDispose]();
    await docker("rmi", "-f", IMAGE);
  });

  /** What the load counts once more of each kind has been served. */
  const served = async (
    since: LoadCounts,
    kinds: readonly ("fresh" | "kept" | "streams")[],
  ): Promise<LoadCounts> =>
    await eventually(
      async () => {
        const now = await readLoad(shop, "web");
        for (const kind of kinds)
          assert.ok(now[kind] > since[kind] + 1, `${kind}: ${now[kind]}; ${now.failures.at(-1)}`);
        return now;
      },
      { timeout: 30_000 },
    );

  const moveCaller = async (seconds: number): Promise<void> => {
    await moveClock(mesh, [CALLER], seconds);
    const [web] = await shop.containersOf("web");
    const [sidecar] = await sidecarsOf(await docker("inspect", "--format", "{{.Id}}", String(web)));
    for (const container of [await mesh.containerOf("agent"), String(sidecar)]) {
      await eventually(async () => {
        assert.ok(Math.abs((await clockError(container)) - seconds) < 10);
      });
    }
  };

  /** How often the agent has been given a certificate for the service. */
  const issued = async (service: string): Promise<number> => {
    const log = await mesh.compose("logs", "--no-log-prefix", "agent");
    const lines = log.split("\n").filter((line) => line.includes('"certificate issued"'));
    return lines.filter((line) => line.includes(`"${PROJECT}-${service}"`)).length;
  };

  it("a new root, while the caller's clock is five minutes behind: no request is lost", async () => {
    await moveCaller(-5 * MINUTES);
    const [orders, web, load] = [
      await issued("orders"),
      await issued("web"),
      await readLoad(shop, "web"),
    ];
    await replaceRoot(mesh.consulAddress);
    await eventually(
      async () => {
        assert.ok((await issued("orders")) > orders);
        assert.ok((await issued("web")) > web);
      },
      // Consul spreads what it issues anew over half a minute.
      { timeout: 60_000, interval: 500 },
    );
    // Responses that had begun before go on over the connections of before.
    const { failures } = await served(load, ["fresh", "kept", "streams"]);
    assert.deepEqual(failures, []);
  });

  it("a new service, while the caller's clock is five minutes behind: it is called at once", async () => {
    await shop.change(file({ fresh: echoService(LABELS) }));
    await mesh.untilReady({ [`${PROJECT}-fresh`]: 1 });
    assert.equal((await shop.fetch("web", "http://fresh:8080/")).status, 200);
  });

  it("the clock five minutes ahead, and right again: no request is lost", async () => {
    for (const seconds of [5 * MINUTES, 0]) {
      await moveCaller(seconds);
      const { failures } = await served(await readLoad(shop, "web"), ["fresh", "kept"]);
      assert.deepEqual(failures, []);
    }
  });
});
