// A server that dies leaves what it was asked hanging: what happens to the queries that wait there.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { AT_ONCE, ConsulClient } from "../../../registry/consul/client.ts";
import { eventually } from "../../helpers/eventually.ts";
import { ScriptedConsul } from "./scripted-consul.ts";

const TIMEOUT = 300;
const WAIT = { index: 10, wait: 60_000 };

describe("a query that waits while Consul's servers are away", () => {
  it("is ended to be asked anew as soon as another call is answered again", async () => {
    let isAway = false;
    await using consul = await ScriptedConsul.start(({ index }) =>
      isAway || index > 0 ? undefined : { body: {}, index: 10 },
    );
    using client = new ConsulClient({ address: consul.address, timeout: TIMEOUT });
    const signal = AbortSignal.timeout(10_000);
    const waiting = assert.rejects(client.serviceHealth("orders", WAIT, signal), {
      code: "CATALOG_UNAVAILABLE",
    });
    await eventually(async () => assert.equal(consul.held.length, 1));
    await client.serviceNames(AT_ONCE, signal);
    assert.equal(consul.held.length, 1);
    isAway = true;
    await assert.rejects(client.serviceNames(AT_ONCE, signal), { code: "CATALOG_UNAVAILABLE" });
    isAway = false;
    await client.serviceNames(AT_ONCE, signal);
    await waiting;
    assert.equal(client.reachability.reachable, true);
  });

  it("waits on when somebody has called another call off", async () => {
    await using consul = await ScriptedConsul.start(({ index }) =>
      index > 0 ? undefined : { body: {}, index: 10 },
    );
    using client = new ConsulClient({ address: consul.address, timeout: TIMEOUT });
    using ending = new DisposableStack();
    const stop = new AbortController();
    ending.defer(() => stop.abort());
    const waiting = client.serviceHealth("orders", WAIT, stop.signal);
    waiting.catch(() => undefined);
    await eventually(async () => assert.equal(consul.held.length, 1));
    await assert.rejects(client.serviceHealth("orders", AT_ONCE, AbortSignal.abort()));
    await client.serviceNames(AT_ONCE, stop.signal);
    await client.serviceNames(AT_ONCE, stop.signal);
    assert.equal(consul.held.length, 1);
  });
});
