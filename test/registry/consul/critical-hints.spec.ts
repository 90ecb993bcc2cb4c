// Where to look first when services take turns.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "mocha";
import type { Instance } from "../../../mesh/model.ts";
import { ConsulClient } from "../../../registry/consul/client.ts";
import { ConsulCatalog } from "../../../registry/consul/consul-catalog.ts";
import { criticalHints, differences, type Hint } from "../../../registry/consul/critical-hints.ts";
import type { CriticalCheck } from "../../../registry/consul/types.ts";
import { eventually } from "../../helpers/eventually.ts";
import { ManualClock } from "../../helpers/manual-clock.ts";
import { instanceOf } from "../instances.ts";
import { ViewReader } from "../view-reader.ts";
import { listed, type ScriptedAnswer, ScriptedConsul } from "./scripted-consul.ts";

function check(ServiceName: string, CheckID: string, ModifyIndex = 1, Node = "n1"): CriticalCheck {
  return { Node, CheckID, ServiceName, ModifyIndex };
}

describe("a list of critical checks", () => {
  const [orders, stock] = [check("orders", "o1"), check("stock", "s1")];
  for (const [what, before, now, hints] of [
    ["nothing when it is as it was", [orders], [{ ...orders }], []],
    ["what has come", [orders], [orders, stock], ["stock"]],
    ["what has gone", [orders, stock], [orders], ["stock"]],
    [
      "what is critical for another reason now",
      [orders],
      [{ ...orders, ModifyIndex: 2 }],
      ["orders"],
    ],
    ["a service once", [orders, check("orders", "o2")], [], ["orders"]],
    [
      "checks of one name on two nodes",
      [orders],
      [orders, check("stock", "o1", 1, "n2")],
      ["stock"],
    ],
    ["everything on a node that is lost", [], [check("", "serfHealth", 1, "n2")], ["on n2"]],
  ] as const) {
    it(`tells ${what}`, () => {
      const list = (checks: readonly CriticalCheck[]): Map<string, CriticalCheck> =>
        new Map(checks.map((each) => [`${each.Node} ${each.CheckID}`, each]));
      const text = (hint: Hint): string => ("node" in hint ? `on ${hint.node}` : hint.service);
      assert.deepEqual(differences(list(before), list(now)).map(text), hints);
    });
  }
});

describe("at a Consul that holds one question for a service at a time", () => {
  const names = ["orders", "stock", "users"];
  const instances = new Map(names.map((name) => [name, instanceOf(name, "a")]));
  let critical: readonly CriticalCheck[];
  let failed: ReadonlySet<string>;
  let index: number;
  let limit: number;
  let used: AsyncDisposableStack;
  let consul: ScriptedConsul;
  let client: ConsulClient;

  beforeEach(async () => {
    [critical, failed, index, limit] = [[], new Set(), 10, 15];
    used = new AsyncDisposableStack();
    consul = used.use(await ScriptedConsul.start(({ path, index: known }) => answer(path, known)));
    client = used.use(new ConsulClient({ address: consul.address }));
  });
  afterEach(() => used.disposeAsync());

  function answer(path: string, known: number): ScriptedAnswer | undefined {
    const [, kind = "", name = ""] = path.split("/");
    const instance = instances.get(name);
    if (instance !== undefined) return answerOf(instance, kind, known);
    if (path === "agent/self")
      return { body: { DebugConfig: { HTTPMaxConnsPerClient: limit } }, index: 1 };
    if (path === "health/state/critical")
      return known === index ? undefined : { body: critical, index };
    const listedNames = Object.fromEntries(names.map((each) => [each, ["mesh"]]));
    return known === 0 ? { body: listedNames, index: 1 } : undefined;
  }

  function answerOf(instance: Instance, kind: string, known: number): ScriptedAnswer | undefined {
    const status = failed.has(instance.service) ? "critical" : "passing";
    const { service, sidecar } = listed(instance, status);
    if (kind === "connect") return { body: [sidecar], index };
    // Nobody's turn ever ends.
    return known === 0 ? { body: [service], index } : undefined;
  }

  it("what fails in a service that has no turn is seen at once", async () => {
    const catalog = new ConsulCatalog({ client, node: "node-a" });
    const reader = used.use(new ViewReader(catalog));
    await eventually(() => assert.equal(Object.keys(reader.healths ?? {}).length, 3));
    await eventually(() =>
      assert.ok(consul.held.some(({ path }) => path === "health/state/critical")),
    );
    const waiting = consul.held.filter(({ path }) => path.startsWith("health/service/"));
    assert.equal(waiting.length, 1);
    const others = names.filter((name) => waiting[0]?.path !== `health/service/${name}`);
    failed = new Set(others);
    index += 1;
    critical = others.map((name) => check(name, `${name}-a`));
    consul.review();
    await eventually(() => {
      const failing = Object.entries(reader.healths ?? {}).filter(
        ([, health]) => health === "critical",
      );
      assert.equal(failing.length, 2);
    });
  });

  it("nobody asks for what is critical when each service has a question", async () => {
    limit = 200;
    const reader = used.use(new ViewReader(new ConsulCatalog({ client, node: "node-a" })));
    await eventually(() => assert.equal(Object.keys(reader.healths ?? {}).length, 3));
    await eventually(() =>
      assert.equal(consul.held.filter(({ path }) => path.startsWith("health/service/")).length, 3),
    );
    assert.ok(consul.questions.every(({ path }) => path !== "health/state/critical"));
  });

  it("a long list is asked for again only after a rest", async () => {
    const clock = new ManualClock();
    const stop = new AbortController();
    const hints = criticalHints(client, clock, 10_000, stop.signal);
    critical = Array.from({ length: 5_000 }, (_, number) => check("orders", `o${number}`));
    const first = hints.next();
    await eventually(() => assert.equal(clock.sleeping, 1));
    index += 1;
    critical = critical.slice(1);
    clock.advance(499);
    assert.equal(consul.questions.length, 1);
    clock.advance(1);
    assert.deepEqual((await first).value, [{ service: "orders" }]);
    stop.abort();
    await hints.next();
  });
});
