// What one caller may have in flight to a service: more is answered at once, and the service does not hear of it.
import assert from "node:assert/strict";
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { connect } from "node:net";
import { afterEach, beforeEach, describe, it } from "mocha";
import type { PolicyDocument } from "../../../mesh/policy/document.ts";
import { eventually } from "../../helpers/eventually.ts";
import { type Answer, call } from "../../helpers/http-call.ts";
import { dialOf, inboundPort, outboundService } from "../../helpers/sidecar-rig.ts";
import { closed, PolicyRig } from "./policy-rig.ts";

describe("limits on a service", () => {
  let rig: PolicyRig;
  let held: ServerResponse[];
  beforeEach(async () => {
    rig = await PolicyRig.create();
    held = [];
  });
  afterEach(async () => {
    await rig[Symbol.asyncDispose]();
  });

  const holding = (): Promise<number> => rig.copy((_request, response) => void held.push(response));

  const release = (): void => {
    for (const response of held.splice(0)) response.end("fine");
  };

  it("answer more requests than may be in flight with 503 at once, and say when to come back", async () => {
    await rig.offer([await holding()], { "limits.requests": "2" });
    const within = [rig.call(), rig.call()];
    await eventually(() => assert.equal(held.length, 2));
    const beyond = await rig.call();
    assert.equal(beyond.status, 503);
    assert.equal(beyond.headers["retry-after"], "1");
    assert.equal(beyond.headers["x-mesh-failure"], "OVERLOADED");
    assert.equal(
      beyond.body,
      "docker-mesh: shop-orders has more requests than it may have at once\n",
    );
    assert.equal(rig.failures("OVERLOADED"), 1);
    release();
    assert.deepEqual(
      (await Promise.all(within)).map(({ body }) => body),
      ["fine", "fine"],
    );
    const after = rig.call();
    await eventually(() => assert.equal(held.length, 1));
    release();
    assert.equal((await after).status, 200);
  });

  it("hold for all connections of the caller together, whatever changes in between", async () => {
    await rig.offer([await holding()], { "limits.requests": "3" });
    const first = rig.call();
    await eventually(() => assert.equal(held.length, 1));
    await rig.follow({ "limits.requests": "1" });
    assert.equal((await rig.call()).status, 503);
    await rig.follow({ "limits.requests": "2" });
    const second = rig.call();
    await eventually(() => assert.equal(held.length, 2));
    assert.equal((await rig.call()).status, 503);
    release();
    assert.deepEqual([(await first).status, (await second).status], [200, 200]);
  });

  it("forget callers that went away", async () => {
    await rig.offer([await holding()], { "limits.requests": "1" });
    const socket = connect(rig.at);
    socket.write("GET / HTTP/1.1\r\nHost: orders\r\n\r\n");
    await eventually(() => assert.equal(held.length, 1));
    socket.destroy();
    await eventually(async () => {
      const answer = rig.call();
      await eventually(() => assert.ok(held.length > 1), { timeout: 200 });
      release();
      assert.equal((await answer).status, 200);
    });
  });

  it("bound the requests that wait for a connection", async () => {
    const silent = await rig.sidecars.tcpApplication(() => undefined);
    await rig.offer([silent], { "limits.pending": "1", "timeouts.connect": "1s" });
    const waiting = rig.call();
    const codes: unknown[] = [];
    await eventually(async () => {
      codes.push((await rig.call()).headers["x-mesh-failure"]);
      assert.ok(codes.includes("OVERLOADED"));
    });
    assert.equal((await waiting).headers["x-mesh-failure"], "ENDPOINTS_UNREACHABLE");
  });

  describe("that stands in for another", () => {
    /** Two services with one copy each that answers when it is released; returns how the first one is called. */
    const standIn = async (
      policy: PolicyDocument,
      ownPolicy: PolicyDocument = {},
    ): Promise<(whom?: "shop-spare") => Promise<Answer>> => {
      const application = await rig.sidecars.httpApplication(
        (_request, response) => void held.push(response),
      );
      const callee = await rig.sidecars.sidecar("shop-spare");
      const inbound = await inboundPort(application);
      await callee.configure({ inbound: [inbound] });
      const spare = await outboundService("shop-spare", [inbound.tlsPort], {
        ...{ address: "127.64.0.11", policy },
      });
      const own = await outboundService("shop-orders", [], {
        policy: { failover: "shop-spare", ...ownPolicy },
      });
      await rig.caller.configure({ outbound: [own, spare] });
      return (whom) => call(dialOf(whom === undefined ? own : spare));
    };

    it("count what comes to it in place of the other and what it is called for itself", async () => {
      const ask = await standIn({ "limits.requests": "2" });
      const within = [ask(), ask("shop-spare")];
      await eventually(() => assert.equal(held.length, 2));
      for (const beyond of [await ask(), await ask("shop-spare")]) {
        assert.deepEqual(
          [beyond.status, beyond.headers["retry-after"], beyond.headers["x-mesh-failure"]],
          [503, "1", "OVERLOADED"],
        );
      }
      release();
      for (const answer of await Promise.all(within)) assert.equal(answer.status, 200);
      const after = ask();
      await eventually(() => assert.equal(held.length, 1));
      release();
      assert.equal((await after).status, 200);
    });

    it("hold in place of those of the other, which gets nothing", async () => {
      const ask = await standIn({ "limits.requests": "2" }, { "limits.requests": "1" });
      const within = [ask(), ask()];
      await eventually(() => assert.equal(held.length, 2));
      assert.equal((await ask()).headers["x-mesh-failure"], "OVERLOADED");
      release();
      await Promise.all(within);
    });
  });

  it("bound the connections for byte streams", async () => {
    const echo = await rig.sidecars.tcpApplication((socket) => void socket.pipe(socket));
    const callee = await rig.sidecars.sidecar("shop-orders");
    const inbound = await inboundPort(echo, { protocol: "tcp" });
    await callee.configure({ inbound: [inbound] });
    const outbound = await outboundService("shop-orders", [inbound.tlsPort], {
      ...{ protocol: "tcp", policy: { "limits.connections": "1" } },
    });
    await rig.caller.configure({ outbound: [outbound] });
    const first = connect(dialOf(outbound));
    first.write("x");
    await once(first, "data");
    const second = connect(dialOf(outbound)).on("error", () => undefined);
    await closed(second);
    assert.equal(rig.failures("OVERLOADED"), 1);
    first.destroy();
    await eventually(async () => {
      const third = connect(dialOf(outbound)).on("error", () => undefined);
      third.write("x");
      const [event] = await Promise.race([
        once(third, "data").then(() => ["data"]),
        closed(third).then(() => ["close"]),
      ]);
      third.destroy();
      assert.equal(event, "data");
    });
  });
});
