// One service followed at a Consul that answers what a test says: what is asked when, and what counts of the answers.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "mocha";
import type { Instance } from "../../../mesh/model.ts";
import { ValuePool } from "../../../mesh/value-pool.ts";
import { ConsulClient } from "../../../registry/consul/client.ts";
import { FollowedService, wholeInstances } from "../../../registry/consul/followed-service.ts";
import { eventually } from "../../helpers/eventually.ts";
import { ManualClock } from "../../helpers/manual-clock.ts";
import { instanceOf } from "../instances.ts";
import { listed, type Question, ScriptedConsul } from "./scripted-consul.ts";

const FIRST = instanceOf("orders", "a");
const SECOND = instanceOf("orders", "b");
const forEver = new AbortController().signal;

describe("a service that is followed", () => {
  let services: readonly Instance[];
  let sidecars: readonly Instance[];
  let critical: readonly Instance[];
  let index: number;
  let takesTurns: boolean;
  let clock: ManualClock;
  let news: number;
  let breaks: number;
  let used: AsyncDisposableStack;
  let consul: ScriptedConsul;
  let followed: FollowedService;

  beforeEach(async () => {
    [services, sidecars, critical, index, takesTurns] = [[FIRST], [FIRST, SECOND], [], 10, false];
    clock = new ManualClock();
    news = 0;
    breaks = 0;
    used = new AsyncDisposableStack();
    consul = used.use(
      await ScriptedConsul.start((question) => {
        if (question.path === "health/connect/orders")
          return { body: sidecars.map((each) => listed(each).sidecar), index };
        // Like Consul it also answers when its index went back.
        if (question.index === index) return undefined;
        const status = (each: Instance): "critical" | "passing" =>
          critical.includes(each) ? "critical" : "passing";
        return { body: services.map((each) => listed(each, status(each)).service), index };
      }),
    );
    const client = used.use(new ConsulClient({ address: consul.address }));
    const stop = new AbortController();
    followed = new FollowedService("orders", {
      ...{ client, clock, pool: new ValuePool(), takesTurns: () => takesTurns },
      onBreak: () => {
        breaks += 1;
      },
      onAnswer: () => {
        news += 1;
      },
    });
    const running = followed.run(stop.signal);
    used.defer(async () => {
      stop.abort();
      await running;
    });
    await waits();
  });
  afterEach(() => used.disposeAsync());

  const isWait = (question: Question): boolean => question.index > 0;
  /** Resolves with the query that waits. */
  const waits = (): Promise<Question> =>
    eventually(() => {
      // Questions are paced.
      clock.advance(40);
      const [waiting] = consul.held;
      assert.ok(waiting !== undefined && isWait(waiting));
      return waiting;
    });
  const healths = (): string[] | undefined =>
    followed.entries?.map(({ instance, health }) => `${instance.containerName} ${health}`);
  const change = (change: () => void): void => {
    index += 1;
    change();
  };

  it("is asked for at once, and then for what changes", async () => {
    assert.deepEqual(healths(), ["orders-a passing"]);
    change(() => {
      services = [FIRST, SECOND];
    });
    consul.review();
    await eventually(() => assert.deepEqual(healths(), ["orders-a passing", "orders-b passing"]));
    assert.equal((await waits()).index, 11);
    assert.equal(breaks, 0);
  });

  it("shows an instance only with its sidecar, for which it looks soon", async () => {
    change(() => {
      [services, sidecars] = [[FIRST, SECOND], [FIRST]];
    });
    consul.review();
    await eventually(async () => assert.equal((await waits()).wait, "1000ms"));
    assert.deepEqual(healths(), ["orders-a passing"]);
  });

  it("waits for a second at a time where services take turns", async () => {
    takesTurns = true;
    change(() => undefined);
    consul.review();
    await eventually(async () => assert.equal((await waits()).wait, "1000ms"));
  });

  it("keeps an instance the same object as long as nothing of it changes", async () => {
    const before = followed.entries?.[0]?.instance;
    change(() => {
      services = [structuredClone(FIRST), SECOND];
      critical = services;
    });
    consul.review();
    await eventually(() => assert.deepEqual(healths(), ["orders-a critical", "orders-b critical"]));
    assert.equal(followed.entries?.[0]?.instance, before);
    change(() => {
      services = [{ ...FIRST, weight: 2 }, SECOND];
    });
    await waits();
    consul.review();
    await eventually(() => assert.equal(followed.entries?.[0]?.instance.weight, 2));
  });

  it("is taken as it is where Consul's index went back, which breaks continuity", async () => {
    index = 4;
    services = [SECOND];
    consul.review();
    await eventually(() => assert.deepEqual(healths(), ["orders-b passing"]));
    assert.equal(breaks, 1);
    assert.equal((await waits()).index, 4);
  });

  describe("and deserves a look", () => {
    it("is not asked for when a query waits that will hear of it", async () => {
      const asked = consul.questions.length;
      await followed.look(forEver);
      assert.equal(consul.questions.length, asked);
    });

    it("is asked for once more when the news came during a look, and never twice at a time", async () => {
      const client = used.use(new ConsulClient({ address: consul.address }));
      const waitless = new FollowedService("orders", {
        ...{ client, clock, pool: new ValuePool(), takesTurns: () => true },
        ...{ onBreak: () => undefined, onAnswer: () => (news += 1) },
      });
      const { serviceWaits } = client.turns;
      // Others have all turns, and keep them.
      for (let place = 0; place < serviceWaits.total; place += 1)
        void serviceWaits.run(() => new Promise<void>((done) => used.defer(done)), forEver);
      const stop = new AbortController();
      const running = waitless.run(stop.signal);
      used.defer(async () => {
        stop.abort();
        await running;
      });
      await eventually(() => {
        clock.advance(40);
        assert.equal(waitless.entries?.length, 1);
        assert.ok(serviceWaits.crowded);
      });
      const asked = consul.questions.length;
      change(() => {
        services = [FIRST, SECOND];
      });
      await Promise.all([1, 2, 3].map(() => waitless.look(forEver)));
      await eventually(() => assert.equal(waitless.entries?.length, 2));
      const looks = consul.questions
        .slice(asked)
        .filter((question) => question.path === "health/service/orders" && !isWait(question));
      assert.equal(looks.length, 2);
    });
  });

  it("tells of answers that may say something new, and of no others", async () => {
    assert.equal(news, 1);
    takesTurns = true;
    change(() => undefined);
    consul.review();
    await eventually(() => assert.equal(news, 2));
    const waiting = await waits();
    // Time is up, and all is as it was.
    const { answer } = consul;
    consul.answer = (question) =>
      question === waiting ? { body: [listed(FIRST).service], index } : answer(question);
    consul.review();
    await eventually(async () => assert.notEqual(await waits(), waiting));
    assert.equal(news, 2);
  });
});

describe("the instances that Consul lists", () => {
  const { service, sidecar } = listed(FIRST);
  const elsewhere = { ...sidecar, Node: { Node: "consul-b", Address: "192.0.2.2" } };
  const foreign = { ...service, Service: { ...service.Service, Meta: null } };
  for (const [what, services, sidecars, expected] of [
    ["with its sidecar", [service], [sidecar], 1],
    ["without a sidecar", [service], [], 0],
    ["with a sidecar on another node", [service], [elsewhere], 0],
    ["that the mesh did not register", [foreign], [sidecar], 0],
    ["of which the sidecar alone is there", [], [sidecar], 0],
  ] as const) {
    it(`count one ${what} as ${expected}`, () => {
      assert.equal(wholeInstances(services, sidecars, new ValuePool()).length, expected);
    });
  }

  it("are what was registered, and have in common what is the same of all", () => {
    const listings = [FIRST, SECOND].map((each) => listed(each));
    const found = wholeInstances(
      listings.map((each) => each.service),
      listings.map((each) => each.sidecar),
      new ValuePool(),
    ).map(({ instance }) => instance);
    assert.deepEqual(found, [FIRST, SECOND]);
    assert.equal(found[0]?.ports, found[1]?.ports);
  });
});
