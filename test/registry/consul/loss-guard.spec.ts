import assert from "node:assert/strict";
import { beforeEach, describe, it } from "mocha";
import type { Health } from "../../../mesh/model.ts";
import { LossGuard, type ObservedEntry } from "../../../registry/consul/loss-guard.ts";
import { instanceOf } from "../instances.ts";

const WINDOW = 30_000;
const idOf = (letter: string): string => instanceOf("web", letter).id;
const said = (letter: string, health: Health): ObservedEntry => ({
  instance: instanceOf("web", letter),
  health,
  silent: false,
  nodeLost: false,
  nodeName: "node-a",
  nodeAddress: "198.18.0.1",
});
const silent = (letter: string): ObservedEntry => ({ ...said(letter, "critical"), silent: true });
const lost = (letter: string, health: Health = "passing"): ObservedEntry => ({
  ...said(letter, health),
  nodeLost: true,
});
const back = (entry: ObservedEntry): ObservedEntry => ({ ...entry, nodeAddress: "198.18.0.2" });
const LOST = 10_000;
const BACK = 90_000;

describe("what to believe when Consul knows less", () => {
  let guard: LossGuard;
  const gone = new Set<string>();
  const believe = (observed: readonly ObservedEntry[], now: number): string =>
    guard
      .believe(observed, (id) => gone.has(id), now)
      .map(({ instance, health }) => `${instance.id.slice(4, 5)} ${health}`)
      .join(", ");

  beforeEach(() => {
    gone.clear();
    guard = new LossGuard(WINDOW);
    guard.answered(0);
    assert.equal(believe([said("b", "passing"), said("a", "passing")], 0), "a passing, b passing");
  });
  const breakAndReturn = (now: number): void => {
    guard.broken();
    guard.answered(now);
  };

  it("believes every loss at once while nothing broke", () => {
    assert.equal(believe([silent("a")], 1), "a critical");
    assert.equal(believe([], 2), "");
    assert.equal(guard.confirmedAt, undefined);
  });

  it("misses who vanished though another is listed twice, as one is whose service is renamed", () => {
    assert.equal(believe([said("a", "passing"), said("a", "passing")], 1), "a passing");
  });

  it("keeps what vanished after a break, until the time to live has passed", () => {
    breakAndReturn(1_000);
    assert.equal(believe([], 1_000), "a passing, b passing");
    assert.equal(guard.confirmedAt, 1_000 + WINDOW);
    assert.equal(believe([], 999 + WINDOW), "a passing, b passing");
    assert.equal(believe([], 1_000 + WINDOW), "");
    assert.equal(guard.confirmedAt, undefined);
  });

  it("keeps a health that only went silent, until the time to live has passed", () => {
    breakAndReturn(1_000);
    assert.equal(believe([silent("a"), said("b", "passing")], 1_000), "a passing, b passing");
    assert.equal(
      believe([silent("a"), said("b", "passing")], 1_000 + WINDOW),
      "a critical, b passing",
    );
  });

  it("believes what someone says after a break, good or bad", () => {
    breakAndReturn(1_000);
    const news = [said("a", "critical"), said("b", "draining"), said("c", "passing")];
    assert.equal(believe(news, 1_000), "a critical, b draining, c passing");
  });

  it("believes a new instance that is silent to be critical", () => {
    breakAndReturn(1_000);
    assert.equal(believe([silent("c")], 1_000), "a passing, b passing, c critical");
  });

  it("drops what this node deregistered, break or not", () => {
    breakAndReturn(1_000);
    gone.add(idOf("a"));
    assert.equal(believe([], 1_000), "b passing");
    assert.equal(believe([said("a", "passing")], 1_001), "b passing");
  });

  it("gives what is as it was as the same object, in the order of ids whatever came first", () => {
    const [web, other] = [said("b", "passing"), said("c", "passing")];
    const before = guard.believe([other, web], () => false, 1);
    const now = guard.believe([web, { ...other, health: "warning" }], () => false, 2);
    assert.equal(now[0], before[0]);
    assert.deepEqual(
      now.map(({ instance, health }) => [instance.id, health]),
      [
        [idOf("b"), "passing"],
        [idOf("c"), "warning"],
      ],
    );
    const more = guard.believe([other, web, said("a", "passing")], () => false, 3);
    assert.deepEqual(
      more.map(({ instance }) => instance.id),
      ["a", "b", "c"].map(idOf),
    );
  });

  it("counts from the first answer after the last break", () => {
    breakAndReturn(1_000);
    guard.answered(5_000);
    assert.equal(guard.confirmedAt, 1_000 + WINDOW);
    guard.broken();
    assert.equal(guard.confirmedAt, undefined, "an outage confirms nothing");
    assert.equal(believe([], 100_000), "a passing, b passing");
    guard.answered(200_000);
    assert.equal(believe([], 200_000), "a passing, b passing");
    assert.equal(believe([], 200_000 + WINDOW), "");
  });

  it("forgets a break that lost nothing", () => {
    breakAndReturn(1_000);
    const all = [said("a", "passing"), said("b", "passing")];
    assert.equal(believe(all, 1_000 + WINDOW), "a passing, b passing");
    assert.equal(believe([said("a", "passing")], 1_001 + WINDOW), "a passing");
  });

  describe("of a node that Consul has lost", () => {
    it("believes what was well to be well for ten seconds", () => {
      assert.equal(believe([lost("a"), said("b", "passing")], 1_000), "a passing, b passing");
      assert.equal(guard.confirmedAt, 1_000 + LOST);
      assert.equal(believe([lost("a")], 999 + LOST), "a passing");
      assert.equal(believe([lost("a")], 1_000 + LOST), "a critical");
      assert.equal(guard.confirmedAt, undefined);
      assert.equal(believe([lost("a")], 1_001 + LOST), "a critical");
    });

    it("believes it for a minute and a half when its agent shows a new address", () => {
      believe([lost("a")], 1_000);
      assert.equal(believe([back(lost("a"))], 5_000), "a passing");
      assert.equal(guard.confirmedAt, 1_000 + BACK);
      assert.equal(believe([back(lost("a"))], 999 + BACK), "a passing");
      assert.equal(believe([back(lost("a"))], 1_000 + BACK), "a critical");
    });

    it("believes it when the agent showed a new address before it was found lost", () => {
      assert.equal(believe([back(said("a", "passing"))], 1_000), "a passing");
      assert.equal(believe([back(lost("a"))], 4_000), "a passing");
      assert.equal(guard.confirmedAt, 4_000 + BACK);
    });

    it("believes what came with the new address while the old one was not yet found lost", () => {
      believe([said("b", "passing")], 1_000);
      assert.equal(
        believe([back(said("b", "passing")), back(said("c", "passing"))], 2_000),
        "b passing, c passing",
      );
      assert.equal(believe([back(lost("c"))], 4_000), "c passing");
      assert.equal(guard.confirmedAt, 4_000 + BACK);
    });

    it("believes it, too, where nothing had run for a while", () => {
      believe([], 1_000);
      assert.equal(believe([back(said("c", "passing"))], 600_000), "c passing");
      assert.equal(believe([back(lost("c"))], 604_000), "c passing");
      assert.equal(guard.confirmedAt, 604_000 + BACK);
    });

    it("does not take what is new on a node for a sign that its agent was away", () => {
      believe([], 1_000);
      assert.equal(believe([said("c", "passing")], 2_000), "c passing");
      assert.equal(believe([lost("c")], 4_000), "c passing");
      assert.equal(guard.confirmedAt, 4_000 + LOST);
    });

    it("takes a new address for news only once", () => {
      believe([back(said("a", "passing"))], 1_000);
      assert.equal(believe([back(lost("a"))], 1_000 + BACK), "a passing");
      assert.equal(guard.confirmedAt, 1_000 + BACK + LOST);
    });

    it("begins anew when the node was found again", () => {
      believe([lost("a")], 1_000);
      assert.equal(believe([said("a", "passing")], 5_000), "a passing");
      assert.equal(guard.confirmedAt, undefined);
      assert.equal(believe([lost("a")], 60_000), "a passing");
      assert.equal(guard.confirmedAt, 60_000 + LOST);
    });

    it("believes what is said of its instances all the same", () => {
      assert.equal(believe([lost("a"), lost("b")], 1_000), "a passing, b passing");
      assert.equal(believe([lost("a", "draining")], 2_000), "a draining");
      assert.equal(believe([lost("a", "critical")], 3_000), "a critical");
      assert.equal(believe([], 4_000), "");
      assert.equal(guard.confirmedAt, undefined);
    });

    it("takes for dead what it has not seen well", () => {
      guard = new LossGuard(WINDOW);
      assert.equal(believe([lost("a")], 1_000), "a critical");
      assert.equal(believe([lost("a")], 2_000), "a critical");
      assert.equal(guard.confirmedAt, undefined);
    });

    it("believes what is registered there meanwhile: somebody on that node must have said so", () => {
      assert.equal(believe([lost("a"), lost("c")], 1_000), "a passing, c passing");
      assert.equal(believe([lost("a"), lost("c")], 1_000 + LOST), "a critical, c passing");
      assert.equal(guard.confirmedAt, 1_000 + BACK);
      assert.equal(believe([lost("c")], 1_000 + BACK), "c critical");
      assert.equal(believe([lost("c")], 1_001 + BACK), "c critical");
    });

    it("believes what is registered there and becomes well only then", () => {
      assert.equal(believe([lost("c", "critical")], 1_000), "c critical");
      assert.equal(believe([lost("c")], 2_000), "c passing");
      assert.equal(guard.confirmedAt, 2_000 + BACK);
    });

    it("believes it after a break, too: a node that was cut off comes back with new tasks", () => {
      breakAndReturn(1_000);
      assert.equal(believe([lost("c")], 1_000), "a passing, b passing, c passing");
      assert.equal(guard.confirmedAt, 1_000 + WINDOW);
      assert.equal(believe([lost("c")], 1_000 + WINDOW), "c passing");
      assert.equal(guard.confirmedAt, 1_000 + BACK);
    });

    it("counts whichever comes first, that or what vanished after a break", () => {
      believe([lost("a"), said("b", "passing")], 1_000);
      breakAndReturn(2_000);
      assert.equal(believe([lost("a")], 2_000), "a passing, b passing");
      assert.equal(guard.confirmedAt, 1_000 + LOST);
      assert.equal(believe([lost("a")], 1_000 + LOST), "a critical, b passing");
      assert.equal(guard.confirmedAt, 2_000 + WINDOW);
    });
  });
});
