// What a sidecar counts of requests, and how it tells its agent of them.
import assert from "node:assert/strict";
import { once } from "node:events";
import { Socket } from "node:net";
import { beforeEach, describe, it } from "mocha";
import {
  BUCKETS,
  type ConversationReport,
  OTHERS,
} from "../../../proxy/configuration/traffic-report.ts";
import { type Counted, Traffic } from "../../../proxy/metrics/traffic.ts";

const OK: Counted = {
  ...{ status: 200, failure: undefined, grpcStatus: undefined },
  ...{ requestBytes: 0, responseBytes: 100 },
};

function total({ requests }: ConversationReport): number {
  return requests.reduce(
    (sum, { durations }) => sum + durations.counts.reduce((a, b) => a + b, 0),
    0,
  );
}

describe("the traffic that a sidecar counts", () => {
  let traffic: Traffic;

  beforeEach(() => {
    traffic = new Traffic();
  });

  it("is told apart by direction, peer, version and outcome", () => {
    traffic.count("source", "orders", "v1", OK, 3);
    traffic.count("source", "orders", "v1", OK, 4);
    traffic.count("source", "orders", "v2", OK, 5);
    traffic.count("source", "orders", "v2", { ...OK, status: 500 }, 5);
    traffic.count("source", "orders", "v2", { ...OK, status: 503, failure: "OVERLOADED" }, 0.1);
    traffic.count("source", "orders", "v2", { ...OK, grpcStatus: "14" }, 5);
    traffic.count("destination", "", "", OK, 6);
    const told = traffic
      .take()
      .flatMap(({ reporter, peer, version, requests }) =>
        requests.map(({ status, failure, grpcStatus, durations }) =>
          [reporter, peer, version, status, failure, grpcStatus, durations.sum].join(" "),
        ),
      );
    assert.deepEqual(told, [
      "source orders v1 200   7",
      "source orders v2 200   5",
      "source orders v2 500   5",
      "source orders v2 503 OVERLOADED  0.1",
      "source orders v2 200  14 5",
      "destination   200   6",
    ]);
  });

  it("is distributed over buckets whose ends belong to them", () => {
    for (const milliseconds of [0, 0.5, 0.6, 1, 3_600_000, 3_600_001])
      traffic.count("source", "orders", "", OK, milliseconds);
    const [conversation] = traffic.take();
    const counts = conversation?.requests[0]?.durations.counts ?? [];
    assert.equal(counts.length, BUCKETS.length + 1);
    assert.deepEqual(counts.slice(0, 3), [2, 2, 0]);
    assert.deepEqual(counts.slice(-2), [1, 1]);
    assert.equal(conversation?.requests[0]?.responseBytes.sum, 600);
  });

  it("is told once, unless it did not arrive", () => {
    traffic.count("source", "orders", "v1", OK, 3);
    const lost = traffic.take();
    assert.deepEqual(traffic.take(), []);
    traffic.count("source", "orders", "v1", OK, 4);
    traffic.giveBack(lost);
    traffic.giveBack([]);
    const [conversation] = traffic.take();
    assert.equal(conversation?.requests[0]?.durations.sum, 7);
    assert.equal(conversation && total(conversation), 2);
    assert.deepEqual(traffic.take(), []);
  });

  describe("of byte streams", () => {
    class Carrying extends Socket {
      override bytesRead = 0;
      override bytesWritten = 0;
    }
    const told = (): readonly unknown[] =>
      traffic.take().map(({ reporter, peer, version, streams }) => ({
        ...{ reporter, peer, version, ...streams },
      }));
    const SOURCE = { reporter: "source", peer: "db", version: "v3" };

    it("is told while they go on, and when they have ended", async () => {
      const socket = new Carrying();
      traffic.follow("source", "db", "v3", socket);
      socket.bytesRead = 100;
      socket.bytesWritten = 2_000;
      const first = { opened: 1, closed: 0, receivedBytes: 100, sentBytes: 2_000 };
      assert.deepEqual(told(), [{ ...SOURCE, ...first }]);
      assert.deepEqual(told(), []);
      socket.bytesRead = 150;
      socket.emit("close");
      const last = { opened: 0, closed: 1, receivedBytes: 50, sentBytes: 0 };
      assert.deepEqual(told(), [{ ...SOURCE, ...last }]);
      assert.deepEqual(told(), []);
    });

    it("is seen from the callee's end the other way round", () => {
      const socket = new Carrying();
      traffic.follow("destination", "spiffe://a/b", "", socket);
      socket.bytesRead = 7;
      socket.bytesWritten = 3;
      const [seen] = told();
      const bytes = { opened: 1, closed: 0, receivedBytes: 3, sentBytes: 7 };
      assert.deepEqual(seen, {
        reporter: "destination",
        peer: "spiffe://a/b",
        version: "",
        ...bytes,
      });
    });

    it("is told of one whose caller had gone before it was joined, and is over then", async () => {
      const socket = new Carrying();
      socket.destroy();
      await once(socket, "close");
      traffic.follow("source", "db", "v3", socket);
      const all = { opened: 1, closed: 1, receivedBytes: 0, sentBytes: 0 };
      assert.deepEqual(told(), [{ ...SOURCE, ...all }]);
      socket.bytesRead = 5;
      assert.deepEqual(told(), []);
    });

    it("is told again when it did not arrive", () => {
      for (const _ of [1, 2]) traffic.follow("source", "db", "v3", new Carrying());
      traffic.giveBack(traffic.take());
      traffic.follow("source", "db", "v3", new Carrying());
      const all = { opened: 3, closed: 0, receivedBytes: 0, sentBytes: 0 };
      assert.deepEqual(told(), [{ ...SOURCE, ...all }]);
    });
  });

  it("is bounded, whatever applications answer, and nothing of it gets lost", () => {
    for (let number = 0; number < 10_000; number += 1)
      traffic.count("source", `service-${number % 40}`, `v${number}`, OK, 1);
    traffic.count("source", "late", "v1", { ...OK, status: 404 }, 1);
    const reports = traffic.take();
    assert.ok(reports.length < 1_010, String(reports.length));
    assert.equal(
      reports.map(total).reduce((a, b) => a + b),
      10_001,
    );
    const others = reports.filter(({ peer }) => peer === OTHERS);
    assert.deepEqual(
      others.flatMap(({ requests }) => requests.map(({ status }) => status)),
      [200, 400],
    );
  });
});
