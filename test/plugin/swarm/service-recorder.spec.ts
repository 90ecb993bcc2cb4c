import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "mocha";
import { MeshError } from "../../../mesh/errors.ts";
import { silentLog } from "../../../mesh/log.ts";
import type { ServiceListing } from "../../../plugin/docker/swarm-facts.ts";
import { followServices } from "../../../plugin/swarm/follow-services.ts";
import { ServiceLabels } from "../../../plugin/swarm/service-labels.ts";
import { ServiceRecorder } from "../../../plugin/swarm/service-recorder.ts";
import { EmbeddedSwarmServices } from "../../../registry/embedded/swarm-services.ts";
import type { SwarmService } from "../../../registry/swarm-services.ts";
import { eventually } from "../../helpers/eventually.ts";
import { ManualClock } from "../../helpers/manual-clock.ts";

const FAST = { interval: 1 };
const TASK = { "com.docker.swarm.service.id": "s1" };

function service(version: number, weight = "1"): SwarmService {
  const labels = { "mesh.enable": "true", "mesh.weight": weight };
  return { id: "s1", swarm: "ours", name: "shop_orders", version, labels };
}

describe("the labels of Swarm's services", () => {
  /** Of the swarm, as a manager sees it. */
  let services: readonly SwarmService[] | undefined;
  let failure: MeshError | undefined;
  let looks: number;
  let clock: ManualClock;
  let store: EmbeddedSwarmServices;
  let labels: ServiceLabels;
  let recorder: ServiceRecorder;
  let stop: AbortController;
  let following: Promise<void>;

  const swarmServices = async (): Promise<ServiceListing | undefined> => {
    looks += 1;
    if (failure !== undefined) throw failure;
    return services && { swarm: "ours", services };
  };

  function start(): void {
    labels = new ServiceLabels(() => undefined);
    recorder = new ServiceRecorder({
      ...{ engine: { swarmServices }, store, labels, clock, log: silentLog },
    });
    stop = new AbortController();
    const parts = { swarmServices: store, serviceLabels: labels, serviceRecorder: recorder };
    following = followServices(parts, stop.signal);
  }

  beforeEach(() => {
    [services, failure, looks] = [[], undefined, 0];
    clock = new ManualClock();
    store = new EmbeddedSwarmServices();
  });
  afterEach(async () => {
    stop.abort();
    await following;
  });

  /** Lets time pass until it is so. */
  const comes = (check: () => void): Promise<void> =>
    eventually(() => {
      clock.advance(20);
      check();
    }, FAST);
  const version = (): number | undefined => labels.of(TASK)?.version;

  it("are known once they are recorded, and follow each change that an event tells of", async () => {
    services = [service(1)];
    start();
    assert.equal(labels.isKnown(TASK), false);
    await comes(() => assert.equal(version(), 1));
    for (const next of [2, 3]) {
      services = [service(next, String(next))];
      recorder.trigger();
      await comes(() => assert.equal(version(), next));
    }
    assert.equal(labels.isKnown(TASK), true);
  });

  it("are known to be none on a swarm without labels, and to containers of no swarm always", async () => {
    start();
    assert.equal(labels.isKnown({}), true);
    assert.equal(labels.isKnown(TASK), false);
    await comes(() => assert.equal(labels.isKnown(TASK), true));
    assert.equal(labels.of(TASK), undefined);
  });

  it("are read on a worker, which records nothing", async () => {
    services = undefined;
    await store.record([service(4)], AbortSignal.timeout(1_000));
    start();
    await comes(() => assert.equal(version(), 4));
    assert.equal(labels.isKnown(TASK), true);
    assert.deepEqual(recorder.problems, []);
  });

  it("are looked at again every 30 s, and not at all in between without news", async () => {
    services = [service(1)];
    start();
    await comes(() => assert.equal(version(), 1));
    // What it wrote itself makes it look once more.
    await comes(() => assert.deepEqual([looks, clock.sleeping], [2, 1]));
    const before = looks;
    clock.advance(20_000);
    for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
    assert.equal(looks, before);
    services = [service(2, "2")];
    clock.advance(10_000);
    await comes(() => assert.equal(version(), 2));
  });

  it("are forgotten with their service", async () => {
    services = [service(1)];
    start();
    await comes(() => assert.equal(version(), 1));
    services = [];
    recorder.trigger();
    await comes(() => assert.equal(labels.recorded?.size, 0));
  });

  it("are recorded anew when the catalog has lost them", async () => {
    services = [service(1)];
    start();
    await comes(() => assert.equal(labels.recorded?.size, 1));
    await comes(() => assert.deepEqual([looks, clock.sleeping], [2, 1]));
    const lost = labels.recorded;
    await store.remove("s1", 1, AbortSignal.timeout(1_000));
    await comes(() => {
      assert.equal(labels.recorded?.size, 1);
      assert.notEqual(labels.recorded, lost);
    });
  });

  it("are not forgotten for a minute by a manager that has never seen them", async () => {
    await store.record([service(7)], AbortSignal.timeout(1_000));
    start();
    await comes(() => assert.ok(looks > 0));
    const missedAt = clock.monotonic();
    while (clock.monotonic() - missedAt < 59_000) {
      recorder.trigger();
      clock.advance(1_000);
      await new Promise(setImmediate);
    }
    assert.equal(version(), 7);
    await comes(() => {
      recorder.trigger();
      assert.equal(labels.recorded?.size, 0);
    });
  });

  it("stay as they are, with a problem that says so, while a manager's swarm has no leader", async () => {
    services = [service(1)];
    start();
    await comes(() => assert.equal(version(), 1));
    failure = new MeshError("ENGINE_REFUSED", "no leader");
    recorder.trigger();
    await comes(() =>
      assert.deepEqual(recorder.problems, [
        {
          subject: "swarm",
          code: "ENGINE_REFUSED",
          message:
            "labels of Swarm's services are not brought up to date: no leader; what was recorded last stays in force",
        },
      ]),
    );
    assert.equal(version(), 1);
    [failure, services] = [undefined, [service(2, "2")]];
    await comes(() => assert.equal(version(), 2));
    await comes(() => assert.deepEqual(recorder.problems, []));
  });
});
