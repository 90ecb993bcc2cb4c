import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "mocha";
import { MeshError } from "../../../mesh/errors.ts";
import { silentLog } from "../../../mesh/log.ts";
import { HealthFeed } from "../../../plugin/workload/health-feed.ts";
import type { HealthReport } from "../../../registry/catalog.ts";
import { EmbeddedCatalog } from "../../../registry/embedded/embedded-catalog.ts";
import { eventually } from "../../helpers/eventually.ts";
import { ManualClock } from "../../helpers/manual-clock.ts";

/** The real embedded catalog, which can be made to fail and writes down what it is told. */
class WatchedCatalog extends EmbeddedCatalog {
  readonly told: string[] = [];
  away = false;

  override async report(id: string, report: HealthReport, signal: AbortSignal): Promise<void> {
    this.told.push(`${id} ${report.health}`);
    if (this.away) throw new MeshError("CATALOG_UNAVAILABLE", "no answer");
    await super.report(id, report, signal);
  }
}

const PASSING: HealthReport = { health: "passing", note: "accepts connections" };
const CRITICAL: HealthReport = { health: "critical", note: "connection refused" };

describe("the health feed", () => {
  let clock: ManualClock;
  let catalog: WatchedCatalog;
  let feed: HealthFeed;
  let stop: AbortController;
  let running: Promise<void>;

  const instance = (id: string): Parameters<EmbeddedCatalog["register"]>[0] => ({
    id,
    service: "orders",
    alias: undefined,
    project: undefined,
    ...{ version: undefined, weight: 1, policy: {}, createdAt: 0 },
    node: "node-a",
    containerId: id,
    containerName: id,
    ports: [{ name: "http", port: 8080, protocol: "http", sidecarPort: 21000 }],
    networks: [{ networkId: "n", networkName: "shop_default", address: "198.18.0.7" }],
  });

  const told = async (expected: readonly string[]): Promise<void> => {
    await eventually(() => assert.deepEqual(catalog.told, expected), { interval: 1 });
  };

  /** Lets seconds pass one by one, each with what it sets off. */
  const pass = async (seconds: number): Promise<void> => {
    for (let second = 0; second < seconds; second += 1) {
      await eventually(() => assert.equal(clock.sleeping, 1), { interval: 1 });
      clock.advance(1_000);
    }
    await eventually(() => assert.equal(clock.sleeping, 1), { interval: 1 });
  };

  beforeEach(async () => {
    clock = new ManualClock();
    catalog = new WatchedCatalog({ node: "node-a", clock });
    feed = new HealthFeed(catalog, clock, silentLog);
    stop = new AbortController();
    for (const id of ["a", "b"]) await catalog.register(instance(id), stop.signal);
    running = feed.run(stop.signal);
  });

  afterEach(async () => {
    stop.abort();
    await running;
  });

  it("tells the catalog at once how each instance is", async () => {
    feed.set(
      new Map([
        ["a", PASSING],
        ["b", CRITICAL],
      ]),
    );
    await told(["a passing", "b critical"]);
  });

  it("tells a change at once, and only that", async () => {
    feed.set(
      new Map([
        ["a", PASSING],
        ["b", PASSING],
      ]),
    );
    await told(["a passing", "b passing"]);
    feed.set(
      new Map([
        ["a", PASSING],
        ["b", CRITICAL],
      ]),
    );
    await told(["a passing", "b passing", "b critical"]);
  });

  it("repeats what has not changed every ten seconds, before the catalog gives it up", async () => {
    feed.set(new Map([["a", PASSING]]));
    await told(["a passing"]);
    await pass(9);
    await told(["a passing"]);
    await pass(1);
    await told(["a passing", "a passing"]);
  });

  it("tries again each second while the catalog is away, with the newest word", async () => {
    catalog.away = true;
    feed.set(new Map([["a", PASSING]]));
    await told(["a passing"]);
    await pass(1);
    await told(["a passing", "a passing"]);
    feed.set(new Map([["a", CRITICAL]]));
    catalog.away = false;
    await told(["a passing", "a passing", "a critical"]);
    await pass(3);
    await told(["a passing", "a passing", "a critical"]);
  });

  it("does not let an instance that the catalog refuses keep others from being told", async () => {
    feed.set(
      new Map([
        ["nobody", PASSING],
        ["a", PASSING],
      ]),
    );
    await told(["nobody passing", "a passing"]);
    await pass(1);
    await told(["nobody passing", "a passing", "nobody passing"]);
  });

  it("speaks no more of an instance that is gone, and tells a newcomer with its id anew", async () => {
    feed.set(new Map([["a", PASSING]]));
    await told(["a passing"]);
    feed.set(new Map());
    await pass(20);
    await told(["a passing"]);
    feed.set(new Map([["a", PASSING]]));
    await told(["a passing", "a passing"]);
  });

  it("ends when its signal aborts, before anything was told", async () => {
    stop.abort();
    await running;
    assert.deepEqual(catalog.told, []);
  });
});
