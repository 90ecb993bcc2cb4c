// A small world around one real agent process: what a change makes it send, and to whom. No figures here: npm run scale.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { SNAPSHOTS_PATH, type Snapshot } from "../../proxy/configuration/snapshot.ts";
import { ask } from "../../proxy/http/own-request.ts";
import { eventually } from "../helpers/eventually.ts";
import { type Change, Churn } from "./churn.ts";
import type { Arrival } from "./simulated-sidecar.ts";
import { Simulation } from "./simulation.ts";

const SHAPE = { nodes: 5, services: 50, endpoints: 5, projectSize: 25, upstreams: 5 } as const;
const CHANGES = 16;
const MOST_DOWN = 4;
const PROGRAM = join(import.meta.dirname, "../../plugin/agent.ts");

describe("an agent among many", function () {
  this.timeout(60_000);
  const arrivals: Arrival[] = [];
  let simulation: Simulation;
  let churn: Churn;

  before(async () => {
    simulation = await Simulation.start({
      ...{ shape: SHAPE, program: PROGRAM, nodeFlags: [], environment: {} },
      // Fewer than services: they take turns.
      connections: 60,
      onArrival: (arrival) => arrivals.push(arrival),
    });
    await simulation.settled(45_000);
    let seed = 7;
    churn = new Churn(simulation.state, simulation.world, () => {
      seed = (seed * 16_807) % 2_147_483_647;
      return seed / 2_147_483_647;
    });
  });

  after(async () => {
    await simulation?.[Symbol.asyncDispose]();
  });

  async function changeAndWait(): Promise<Change> {
    const change = await churn.next(MOST_DOWN);
    await eventually(
      () => {
        const late = simulation
          .dependents(change.service)
          .filter((sidecar) => sidecar.knows(change.instanceId) !== change.present);
        assert.equal(
          late.length,
          0,
          `${late.length} have not heard that ${change.instanceId} ${change.kind}`,
        );
      },
      { timeout: 15_000 },
    );
    return change;
  }

  it("gives a sidecar what its workload may call, and nothing else", () => {
    const { world, sidecars } = simulation;
    assert.equal(sidecars.length, (SHAPE.services * SHAPE.endpoints) / SHAPE.nodes);
    for (const { service, snapshot } of sidecars) {
      const expected = (world.upstreamsOf(service) ?? []).map((callee) => world.nameOf(callee));
      assert.deepEqual(
        snapshot?.outbound.map((each) => each.service),
        expected.sort(),
      );
    }
  });

  it("tells each change to every sidecar that it concerns, and to no other", async () => {
    for (let made = 0; made < CHANGES; made += 1) {
      arrivals.length = 0;
      const change = await changeAndWait();
      const told = new Set(arrivals.map(({ sidecar }) => sidecar));
      const concerned = new Set(simulation.dependents(change.service));
      assert.deepEqual(
        [...told.difference(concerned)].map(({ service }) => service),
        [],
      );
    }
  });

  it("sends what has changed, not the whole", async () => {
    arrivals.length = 0;
    let change = await changeAndWait();
    while (simulation.dependents(change.service).length === 0) change = await changeAndWait();
    assert.ok(arrivals.length > 0);
    for (const { bytes, snapshot } of arrivals) {
      const whole = JSON.stringify(snapshot).length;
      assert.ok(bytes < whole / 3, `expected less than a third of ${whole} bytes, found ${bytes}`);
    }
  });

  it("stays within the connections that Consul takes", () => {
    assert.equal(simulation.consul.counters.refused, 0);
  });

  it("sends whole snapshots to a sidecar that does not ask for changes", async () => {
    const [sidecar] = simulation.sidecars;
    assert.ok(sidecar?.token !== undefined);
    const fields = { host: "agent", authorization: `Bearer ${sidecar.token}` };
    const request = { method: "GET", path: SNAPSHOTS_PATH, fields } as const;
    using response = await ask(
      { path: simulation.agent.socket },
      request,
      AbortSignal.timeout(10_000),
    );
    const lines = wholeLines(response.body());
    const first = (await lines.next()).value as Snapshot;
    const second = lines.next();
    const [callee] = simulation.world.upstreamsOf(sidecar.service) ?? [];
    simulation.fail(callee ?? 0);
    const next = (await second).value as Snapshot;
    assert.deepEqual(Object.keys(next), Object.keys(first));
    assert.notEqual(next.version, first.version);
  });
});

async function* wholeLines(source: AsyncIterable<Buffer>): AsyncGenerator<unknown, undefined> {
  let text = "";
  for await (const bytes of source) {
    text += bytes.toString();
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n")) {
      yield JSON.parse(text.slice(0, end));
      text = text.slice(end + 1);
    }
  }
  return undefined;
}
