// What only Consul can do to agents: find out who is silent, lose its state, hold what others wrote.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "mocha";
import { AGENT_SERVICE, ConsulAgents } from "../../../registry/consul/agents.ts";
import { ConsulClient } from "../../../registry/consul/client.ts";
import { type ConsulServer, startConsul } from "../../helpers/consul.ts";
import { eventually } from "../../helpers/eventually.ts";
import { agentsConformance, announcementOf } from "../agents-conformance.ts";
import { Reader } from "../reader.ts";
import { clearConsul } from "./consul-rig.ts";

const soon = (): AbortSignal => AbortSignal.timeout(5_000);

describe("the mesh's agents in a real Consul", () => {
  let consul: ConsulServer;
  let client: ConsulClient;
  before(async function () {
    this.timeout(60_000);
    consul = await startConsul();
    client = new ConsulClient({ address: consul.address });
  });
  after(async () => {
    client?.[Symbol.dispose]();
    await consul?.[Symbol.asyncDispose]();
  });
  afterEach(async () => await clearConsul(client));

  const rig = (): ConsulAgents => new ConsulAgents({ client });

  agentsConformance("Consul", async () => ({
    registry: rig(),
    peer: rig(),
    [Symbol.asyncDispose]: async () => await clearConsul(client),
  }));

  it("shows them in its UI by name, with their version and a note", async () => {
    await rig().announce(announcementOf("node-1"), soon());
    const response = await fetch(`${consul.address}/v1/health/service/${AGENT_SERVICE}`);
    const [entry] = (await response.json()) as {
      Service: { Tags: string[] };
      Checks: { CheckID: string; Status: string; Output: string }[];
    }[];
    assert.deepEqual(entry?.Service.Tags, ["version=0.1.0"]);
    const check = entry?.Checks.find(({ CheckID }) => CheckID !== "serfHealth");
    assert.deepEqual([check?.Status, check?.Output], ["passing", "docker-mesh 0.1.0 is at work"]);
  });

  it("tells who has gone silent", async () => {
    await rig().announce(announcementOf("node-1"), soon());
    await rig().announce(announcementOf("node-2"), soon());
    await using reader = new Reader(rig());
    // As Consul does itself after 30 s.
    await client.updateCheck(`${AGENT_SERVICE}-node-2:alive`, "critical", "TTL expired", soon());
    await eventually(() =>
      assert.deepEqual(
        reader.newest?.map(({ node, hearing }) => `${node} ${hearing}`),
        ["node-1 heard", "node-2 silent"],
      ),
    );
    await rig().announce(announcementOf("node-2"), soon());
    await eventually(() => assert.equal(reader.newest?.[1]?.hearing, "heard"));
  });

  it("is told again by those whom it has forgotten", async () => {
    const registry = rig();
    await registry.announce(announcementOf("node-1"), soon());
    await clearConsul(client);
    await registry.announce(announcementOf("node-1"), soon());
    await using reader = new Reader(registry);
    await eventually(() => assert.equal(reader.newest?.length, 1));
  });

  it("leaves out what somebody else has written there", async () => {
    const Meta = { "mesh-agent-node": "node-9", "mesh-agent-version": "\u001b[31m" };
    const foreign = { Name: AGENT_SERVICE, Tags: [], Address: "", Port: 0, Checks: [] };
    await client.registerService({ ...foreign, ID: "x", Meta }, soon());
    await client.registerService({ ...foreign, ID: "y", Meta: {} }, soon());
    await rig().announce(announcementOf("node-1"), soon());
    await using reader = new Reader(rig());
    await eventually(() =>
      assert.deepEqual(
        reader.newest?.map(({ node }) => node),
        ["node-1"],
      ),
    );
  });
});
