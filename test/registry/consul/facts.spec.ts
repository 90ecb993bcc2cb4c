// What Consul says of itself, and of what it lacks.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { ConsulClient } from "../../../registry/consul/client.ts";
import { type ConsulFacts, consulFacts } from "../../../registry/consul/facts.ts";
import { startConsul } from "../../helpers/consul.ts";
import { freePort } from "../../helpers/free-port.ts";
import { ScriptedConsul } from "./scripted-consul.ts";

const soon = (): AbortSignal => AbortSignal.timeout(5_000);

async function factsOf(address: string, wall = Date.now): Promise<ConsulFacts> {
  using client = new ConsulClient({ address });
  return await consulFacts(client, wall, soon());
}

describe("what Consul says of itself", () => {
  it("is its version, its leader, that it signs certificates, and what time it is", async function () {
    this.timeout(60_000);
    await using consul = await startConsul();
    const facts = await factsOf(consul.address);
    assert.match(facts.version, /^1\.\d+\.\d+/);
    assert.equal(facts.datacenter, "dc1");
    assert.match(facts.leader, /:\d+$/);
    assert.equal(facts.connectProblem, undefined);
    assert.ok(Math.abs(facts.ahead) <= 2_000, `${facts.ahead} ms`);
    const behind = await factsOf(consul.address, () => Date.now() - 60_000);
    assert.ok(Math.abs(behind.ahead - 60_000) <= 2_000, `${behind.ahead} ms`);
  });

  it("is that it has no leader and no root, where that is so", async () => {
    const answers: Readonly<Record<string, unknown>> = {
      "agent/self": { Config: { Version: "1.20.1", Datacenter: "dc2" } },
      "status/leader": "",
      "agent/connect/ca/roots": { TrustDomain: "", Roots: null },
    };
    await using consul = await ScriptedConsul.start(({ path }) => ({
      ...{ body: answers[path], index: 1 },
    }));
    const { ahead, ...facts } = await factsOf(consul.address);
    assert.ok(Math.abs(ahead) <= 2_000);
    assert.deepEqual(facts, {
      ...{ version: "1.20.1", datacenter: "dc2", leader: "" },
      connectProblem: "it has no root certificate",
    });
  });

  it("is nothing where nobody answers", async () => {
    const address = `http://127.0.0.1:${await freePort()}`;
    await assert.rejects(factsOf(address), { code: "CATALOG_UNAVAILABLE" });
  });
});
