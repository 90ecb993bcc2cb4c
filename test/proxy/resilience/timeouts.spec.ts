// How long is waited for what, and what the callee learns of it.
import assert from "node:assert/strict";
import { once } from "node:events";
import { type IncomingHttpHeaders, type IncomingMessage, request } from "node:http";
import { connect } from "node:net";
import { afterEach, beforeEach, describe, it } from "mocha";
import { eventually } from "../../helpers/eventually.ts";
import { dialOf, inboundPort, outboundService } from "../../helpers/sidecar-rig.ts";
import { closed, PolicyRig } from "./policy-rig.ts";

const TIMEOUT_FIELD = "x-envoy-expected-rq-timeout-ms";

describe("timeouts", () => {
  let rig: PolicyRig;
  beforeEach(async () => {
    rig = await PolicyRig.create();
  });
  afterEach(async () => {
    await rig[Symbol.asyncDispose]();
  });

  const never = (): Promise<number> => rig.copy(() => undefined);
  const fine = (): Promise<number> => rig.copy((_request, response) => void response.end("fine"));

  it("for one try lead to the next copy, and count against the slow one alone", async () => {
    const policy = { "timeouts.per-try": "100ms", "retries.on": "timeout" };
    await rig.offer([await never(), await fine()], policy);
    for (let sent = 0; sent < 2; sent += 1) assert.equal((await rig.call()).body, "fine");
    assert.equal(rig.counters.retries, 1);
  });

  it("for one try are answered with 504 where they are not retried", async () => {
    await rig.offer([await never()], { "timeouts.per-try": "50ms" });
    const answer = await rig.call();
    assert.deepEqual([answer.status, answer.headers["x-mesh-failure"]], [504, "TRY_TIMED_OUT"]);
    assert.equal(answer.body, "docker-mesh: shop-orders did not begin to answer in time\n");
    assert.equal(rig.failures("TRY_TIMED_OUT"), 1);
  });

  it("for one try say nothing about an answer that has begun", async () => {
    const port = await rig.copy((_request, response) => {
      response.write("slowly");
      setTimeout(() => response.end(" but surely"), 200);
    });
    await rig.offer([port], { "timeouts.per-try": "100ms" });
    assert.equal((await rig.call()).body, "slowly but surely");
  });

  it("for the whole request end it over all its tries", async () => {
    const policy = { "timeouts.request": "200ms", "timeouts.per-try": "120ms" };
    await rig.offer([await never(), await never()], { ...policy, "retries.on": "timeout" });
    const answer = await rig.call();
    assert.deepEqual([answer.status, answer.headers["x-mesh-failure"]], [504, "REQUEST_TIMED_OUT"]);
  });

  it("for the whole request break off an answer that has begun, so that the cut shows", async () => {
    const port = await rig.copy((_request, response) => void response.write("begun"));
    await rig.offer([port], { "timeouts.request": "150ms" });
    await assert.rejects(rig.call());
    await eventually(() => assert.equal(rig.failures("REQUEST_TIMED_OUT"), 1));
  });

  it("for the whole request leave conversations alone", async () => {
    const application = await rig.sidecars.tcpApplication((socket) => {
      socket.once("data", () => {
        socket.write(
          "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
        );
        setTimeout(() => socket.end("still here"), 300);
      });
    });
    await rig.offer([await rig.sidecarBefore(application)], { "timeouts.request": "100ms" });
    const socket = connect(rig.at).setEncoding("latin1");
    socket.write("GET / HTTP/1.1\r\nHost: orders\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n");
    let received = "";
    for await (const chunk of socket) received += chunk;
    assert.match(received, /still here$/);
  });

  describe("of idleness", () => {
    it("answer a request of which nothing is heard", async () => {
      await rig.offer([await never()], { "timeouts.idle": "300ms" });
      const answer = await rig.call();
      assert.deepEqual([answer.status, answer.headers["x-mesh-failure"]], [504, "STREAM_IDLE"]);
    });

    it("break off an answer that has stopped, and not one that goes on slowly", async () => {
      let ticks = 0;
      const port = await rig.copy(({ url }, response) => {
        response.write("begun");
        if (url === "/stopped") return;
        const timer = setInterval(() => {
          ticks += 1;
          response.write(".");
          if (ticks < 8) return;
          clearInterval(timer);
          response.end();
        }, 150);
      });
      await rig.offer([port], { "timeouts.idle": "600ms" });
      const [slow, stopped] = await Promise.allSettled([
        rig.call({ path: "/slow" }),
        rig.call({ path: "/stopped" }),
      ]);
      assert.equal(slow.status === "fulfilled" && slow.value.body, "begun........");
      assert.equal(stopped.status, "rejected");
    });

    it("end a conversation in which nothing is said any more", async () => {
      const application = await rig.sidecars.tcpApplication((socket) => {
        socket.once("data", () => {
          socket.write(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
          );
        });
      });
      await rig.offer([await rig.sidecarBefore(application)], { "timeouts.idle": "300ms" });
      const socket = connect(rig.at).on("error", () => undefined);
      socket.resume();
      socket.write("GET / HTTP/1.1\r\nHost: orders\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n");
      await closed(socket);
      await eventually(() => assert.equal(rig.failures("STREAM_IDLE"), 1));
    });

    for (const [whose, ofCaller, ofCallee] of [
      ["the service as its callers see it", "400ms", "0s"],
      ["the service itself, for whoever calls it", "0s", "400ms"],
    ] as const) {
      it(`end a byte stream on which nothing moves: that of ${whose}`, async () => {
        const echo = await rig.sidecars.tcpApplication((socket) => void socket.pipe(socket));
        const callee = await rig.sidecars.sidecar("shop-orders");
        const inbound = await inboundPort(echo, { protocol: "tcp" });
        await callee.configure({ inbound: [inbound], policy: { "timeouts.idle": ofCallee } });
        const outbound = await outboundService("shop-orders", [inbound.tlsPort], {
          ...{ protocol: "tcp", policy: { "timeouts.idle": ofCaller } },
        });
        await rig.caller.configure({ outbound: [outbound] });
        const socket = connect(dialOf(outbound)).on("error", () => undefined);
        let received = 0;
        socket.on("data", ({ length }) => {
          received += length;
        });
        const timer = setInterval(() => socket.write("x"), 100);
        await eventually(() => assert.ok(received >= 10));
        clearInterval(timer);
        await closed(socket);
      });
    }
  });

  describe("travel", () => {
    /** The fields of the last request that the application saw. */
    let fields: IncomingHttpHeaders;
    const listening = (): Promise<number> =>
      rig.copy((incoming, response) => {
        fields = incoming.headers;
        response.end();
      });

    const timeSaid = (): number => Number(fields[TIMEOUT_FIELD]);

    it("so that the callee learns how much time is left", async () => {
      await rig.offer([await listening()], { "timeouts.request": "5s" });
      await rig.call();
      assert.ok(timeSaid() > 3_000 && timeSaid() <= 5_000, `${timeSaid()}`);
    });

    it("and nothing is said where there is no end to the waiting", async () => {
      await rig.offer([await listening()]);
      await rig.call();
      assert.equal(fields[TIMEOUT_FIELD], undefined);
    });

    it("from the application's own request, of which no longer is waited than it says", async () => {
      await rig.offer([await listening()], { "timeouts.request": "5s" });
      await rig.call({ headers: { [TIMEOUT_FIELD]: "2000" } });
      assert.ok(timeSaid() > 1_000 && timeSaid() <= 2_000, `${timeSaid()}`);
      await rig.call({ headers: { [TIMEOUT_FIELD]: "60000" } });
      assert.ok(timeSaid() <= 5_000, `${timeSaid()}`);
      await rig.offer([await never()]);
      const answer = await rig.call({ headers: { [TIMEOUT_FIELD]: "150" } });
      assert.equal(answer.headers["x-mesh-failure"], "REQUEST_TIMED_OUT");
    });

    it("in gRPC's way too, where the request came so", async () => {
      await rig.offer([await listening()]);
      await rig.call({ headers: { "grpc-timeout": "4S" } });
      assert.match(String(fields["grpc-timeout"]), /^\d{4}m$/);
      assert.ok(timeSaid() > 2_000 && timeSaid() <= 4_000, `${timeSaid()}`);
      assert.equal(`${timeSaid()}m`, fields["grpc-timeout"]);
    });

    it("and have shrunk by what the first try took when there is a second", async () => {
      const said: number[] = [];
      const port = await rig.copy((incoming, response) => {
        said.push(Number(incoming.headers[TIMEOUT_FIELD]));
        if (said.length > 1) response.end("fine");
      });
      const policy = { "timeouts.request": "5s", "timeouts.per-try": "300ms" };
      await rig.offer([port], { ...policy, "retries.on": "timeout", "retries.backoff": "1ms" });
      assert.equal((await rig.call()).body, "fine");
      const [first = 0, second = 0] = said;
      // The first try's time was over before; its connection took some of it. Timers may be early by a millisecond.
      assert.ok(second < first && second <= 4_702, said.join(" and "));
    });

    it("and end the request at the callee, which then works for nobody", async () => {
      let given = Promise.withResolvers<void>();
      const port = await rig.copy((incoming) => void incoming.once("close", () => given.resolve()));
      given = Promise.withResolvers<void>();
      await rig.offer([port], { "timeouts.request": "150ms" });
      const outgoing = request({ ...rig.at, agent: false });
      outgoing.end();
      const [response] = (await once(outgoing, "response")) as [IncomingMessage];
      assert.equal(response.statusCode, 504);
      await given.promise;
    });
  });
});
