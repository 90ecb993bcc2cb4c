// Requests through two real sidecars: what each of them tells its agent of the traffic.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { afterEach, beforeEach, describe, it } from "mocha";
import type {
  ConversationReport,
  RequestsReport,
  StreamsReport,
} from "../../proxy/configuration/traffic-report.ts";
import { eventually } from "../helpers/eventually.ts";
import { call } from "../helpers/http-call.ts";
import {
  connectPair,
  dialOf,
  inboundPort,
  outboundService,
  SidecarRig,
  type TestSidecar,
} from "../helpers/sidecar-rig.ts";

interface Told extends Omit<ConversationReport, "requests" | "streams"> {
  readonly status: number;
  readonly failure: RequestsReport["failure"];
  readonly count: number;
  readonly sent: number;
  readonly received: number;
}

/** All that a sidecar has told, a line for each outcome. */
function toldBy({ agent }: TestSidecar): readonly Told[] {
  const lines = agent.reports.flatMap(({ traffic = [] }) =>
    traffic.flatMap(({ requests, streams: _, ...conversation }) =>
      requests.map(({ status, failure, durations, requestBytes, responseBytes }) => ({
        ...{ ...conversation, status, failure },
        count: durations.counts.reduce((a, b) => a + b),
        ...{ sent: requestBytes.sum, received: responseBytes.sum },
      })),
    ),
  );
  const groups = Map.groupBy(lines, (line) =>
    JSON.stringify({ ...line, count: 0, sent: 0, received: 0 }),
  );
  return [...groups.values()].map((alike) => ({
    ...(alike[0] as Told),
    count: alike.reduce((sum, { count }) => sum + count, 0),
    sent: alike.reduce((sum, { sent }) => sum + sent, 0),
    received: alike.reduce((sum, { received }) => sum + received, 0),
  }));
}

const PATIENT = { timeout: 30_000 };

describe("the traffic that sidecars report", () => {
  let rig: SidecarRig;
  beforeEach(async () => {
    rig = await SidecarRig.create();
  });
  afterEach(async () => {
    await rig[Symbol.asyncDispose]();
  });

  const application = (): Promise<number> =>
    rig.httpApplication((request, response) => {
      request.resume();
      request.once("end", () => {
        response.statusCode = request.url === "/missing" ? 404 : 200;
        response.end("four");
      });
    });

  it("is each request once, at both ends, with its outcome and the bytes of its bodies", async () => {
    const { at, caller, callee } = await connectPair(rig, await application());
    const { uri } = caller.snapshot.certificates;
    for (let number = 0; number < 3; number += 1)
      await call({ ...at, method: "POST", body: "12345" });
    await call({ ...at, path: "/missing" });
    const lines = (ends: Pick<Told, "reporter" | "peer" | "version">): readonly Told[] => [
      { ...ends, status: 200, failure: undefined, count: 3, sent: 15, received: 12 },
      { ...ends, status: 404, failure: undefined, count: 1, sent: 0, received: 4 },
    ];
    await eventually(() => {
      const source = { reporter: "source", peer: "shop-orders", version: "" } as const;
      assert.deepEqual(toldBy(caller), lines(source));
      const destination = { reporter: "destination", peer: uri, version: "" } as const;
      assert.deepEqual(toldBy(callee), lines(destination));
    });
  });

  it("is one line for 10,000 requests of which each has fields of its own", async () => {
    const { at, caller, callee } = await connectPair(rig, await application());
    const socket = connect(at);
    let text = "";
    socket.setEncoding("latin1").on("data", (more: string) => {
      text += more;
    });
    for (let number = 0; number < 10_000; number += 1) {
      const own = `x-tenant: ${number}\r\nuser-agent: agent/${number}\r\nx-request-id: ${number}`;
      socket.write(`GET /orders/${number} HTTP/1.1\r\nhost: h${number}\r\n${own}\r\n\r\n`);
    }
    await eventually(() => assert.equal(text.split("HTTP/1.1 200").length, 10_001), PATIENT);
    socket.destroy();
    for (const side of [caller, callee])
      await eventually(() =>
        assert.deepEqual(
          toldBy(side).map(({ count }) => count),
          [10_000],
        ),
      );
  }).timeout(40_000);

  it("names the mesh's own answers by their code", async () => {
    const { at, caller } = await connectPair(rig, await application());
    const [service] = caller.snapshot.outbound;
    const [port] = service?.ports ?? [];
    assert.ok(service !== undefined && port !== undefined);
    await caller.configure({
      outbound: [{ ...service, ports: [{ ...port, endpoints: [] }] }],
    });
    await call(at);
    await eventually(() => {
      const [told] = toldBy(caller);
      assert.deepEqual([told?.status, told?.failure], [503, "NO_HEALTHY_ENDPOINT"]);
    });
  });

  it("is each byte stream with what it carries, while it is open and when it has ended", async () => {
    const echo = await rig.tcpApplication((socket) => void socket.pipe(socket));
    const inbound = await inboundPort(echo, { name: "tcp", protocol: "tcp" });
    const outbound = await outboundService("shop-orders", [inbound.tlsPort], { protocol: "tcp" });
    const [caller, callee] = [await rig.sidecar("shop-web"), await rig.sidecar("shop-orders")];
    await callee.configure({ inbound: [inbound] });
    await caller.configure({ outbound: [outbound] });
    const socket = connect(dialOf(outbound));
    socket.write("12345");
    await once(socket, "data");
    const told = ({ agent }: TestSidecar): StreamsReport[] =>
      agent.reports.flatMap(({ traffic = [] }) =>
        traffic.flatMap(({ streams }) => (streams === undefined ? [] : [streams])),
      );
    const total = (side: TestSidecar, field: keyof StreamsReport): number =>
      told(side).reduce((sum, streams) => sum + streams[field], 0);
    const totals = (side: TestSidecar): readonly number[] =>
      (["opened", "closed", "receivedBytes", "sentBytes"] as const).map((field) =>
        total(side, field),
      );
    for (const side of [caller, callee])
      await eventually(() => assert.deepEqual(totals(side), [1, 0, 5, 5]));
    socket.end("67");
    await once(socket.resume(), "close");
    for (const side of [caller, callee])
      await eventually(() => assert.deepEqual(totals(side), [1, 1, 7, 7]));
  });

  it("is told later when the agent was away", async () => {
    const { at, caller } = await connectPair(rig, await application());
    await caller.agent.stop();
    for (let number = 0; number < 5; number += 1) await call(at);
    // Its clock is fast: meanwhile several reports fail.
    await eventually(() =>
      assert.equal(caller.sidecar.report().counters.outbound["shop-orders"], 5),
    );
    await caller.agent.start();
    await eventually(() => assert.equal(toldBy(caller)[0]?.count, 5));
  });
});
