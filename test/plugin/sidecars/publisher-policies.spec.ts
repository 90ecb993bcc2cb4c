import assert from "node:assert/strict";
import { beforeEach, describe, it } from "mocha";
import type { PolicyDocument } from "../../../mesh/policy/document.ts";
import { KeySets } from "../../../plugin/policy/key-sets.ts";
import { PolicyState } from "../../../plugin/policy/policy-state.ts";
import { ServicePolicies } from "../../../plugin/policy/service-policies.ts";
import { Publisher } from "../../../plugin/sidecars/publisher.ts";
import { SidecarSessions } from "../../../plugin/sidecars/sessions.ts";
import { toInstance } from "../../../plugin/workload/health.ts";
import type { Workload } from "../../../plugin/workload/workload.ts";
import type { OutboundService, Snapshot } from "../../../proxy/configuration/snapshot.ts";
import { eventually } from "../../helpers/eventually.ts";
import { noGateways } from "../../helpers/gateways.ts";
import { InstantLeaves } from "../../helpers/leaves.ts";
import { ManualClock } from "../../helpers/manual-clock.ts";
import { NO_INTENTIONS, policiesView } from "../../helpers/policies.ts";
import { NODE, sidecarOf, workloadOf } from "../../helpers/workloads.ts";

/** `web` names what it calls, `orders` and `lonely` call nobody; `backup` runs elsewhere. */
const WEB = workloadOf("web", "a", { upstreams: ["orders"] });
const ORDERS = workloadOf("orders", "b", { upstreams: [] });
const LONELY = workloadOf("lonely", "c", { upstreams: [] });
const BACKUP = toInstance(workloadOf("backup", "d"), "node-b");
const JWT = { "jwt.issuer": "https://login.example", "jwt.jwks": "https://login.example/keys" };

describe("policies in snapshots", () => {
  let state: PolicyState;
  let publisher: Publisher;
  let sessions: SidecarSessions;
  let keySets: KeySets;
  let fetched: string[];
  let workloads: readonly Workload[];

  beforeEach(() => {
    const clock = new ManualClock();
    workloads = [WEB, ORDERS, LONELY];
    fetched = [];
    state = new PolicyState();
    sessions = new SidecarSessions(clock, () => undefined);
    sessions.sync([sidecarOf("a", "s1"), sidecarOf("b", "s2"), sidecarOf("c", "s3")]);
    const fetch = async (address: string): Promise<string> => {
      fetched.push(address);
      return "the keys";
    };
    keySets = new KeySets({ fetch, remembered: new Map(), clock, onChange: () => publish() });
    const policies = new ServicePolicies(state);
    const leaves = new InstantLeaves();
    const observation = (): undefined => undefined;
    const gateways = noGateways(clock);
    const parts = { sessions, leaves, policies, keySets, gateways };
    publisher = new Publisher({ ...parts, observation, clock });
    say({});
  });

  function say(documents: Readonly<Record<string, PolicyDocument>>): void {
    state.setPolicies(policiesView(documents));
    state.setIntentions(NO_INTENTIONS);
  }

  /** The snapshots of web, orders and lonely. */
  function publish(): (Snapshot | undefined)[] {
    publisher.publish({
      ...{ node: NODE, adopting: false, undecided: new Set<string>(), catalogReachable: true },
      workloads: workloads.map((workload) => ({
        ...{ workload, instance: toInstance(workload, NODE), health: "passing" },
        ...{ adopted: false, registered: true },
      })),
      view: { entries: [{ instance: BACKUP, health: "passing" }] },
    });
    return ["s1", "s2", "s3"].map((id) => sessions.authenticate(`token of ${id}`)?.snapshots.value);
  }

  const outbound = (snapshot: Snapshot | undefined, service: string): OutboundService | undefined =>
    snapshot?.outbound.find((each) => each.service === service);

  /** Which of the three have another snapshot after the change. */
  function concerned(change: () => void): string[] {
    const before = publish();
    change();
    const after = publish();
    return ["web", "orders", "lonely"].filter((_, index) => before[index] !== after[index]);
  }

  for (const [what, documents, expected] of [
    ["how a service is called concerns its callers", { "balance.algorithm": "random" }, ["web"]],
    ["who may call it concerns itself", { allow: "web" }, ["orders"]],
    ["both concern both", { allow: "web", "retries.attempts": "3" }, ["web", "orders"]],
    ["what is as it was concerns nobody", { "balance.algorithm": "peak-ewma" }, []],
  ] as const) {
    it(`reach whom they concern: ${what}`, () => {
      assert.deepEqual(
        concerned(() => say({ "shop-orders": documents as PolicyDocument })),
        expected,
      );
    });
  }

  it("reach everybody who has to do with a service when they are of the whole mesh", () => {
    const denial = (): void => say({ "*": { "default-action": "deny" } });
    assert.deepEqual(concerned(denial), ["web", "orders", "lonely"]);
  });

  it("of services that nobody here runs or calls reach nobody", () => {
    assert.deepEqual(
      concerned(() => say({ "shop-backup": { "balance.algorithm": "random", allow: "web" } })),
      [],
    );
  });

  it("reach sidecars with labels, too", () => {
    assert.deepEqual(
      concerned(() => {
        workloads = [WEB, { ...ORDERS, policy: { allow: "web" } }, LONELY];
      }),
      ["orders"],
    );
  });

  it("are whole: every field, and services by their catalog names", () => {
    say({ "shop-orders": { allow: "web", "route.a.service": "backup" } });
    const [web, orders] = publish();
    assert.equal(orders?.policy["allow"], "shop-web");
    assert.equal(orders?.policy["check.interval"], publish()[2]?.policy["check.interval"]);
    const { policy } = outbound(web, "shop-orders") ?? {};
    assert.equal(policy?.["route.a.service"], "shop-backup");
    assert.equal(policy?.["balance.algorithm"], "peak-ewma");
  });

  it("bring the services to which they lead, without a name for applications", () => {
    assert.deepEqual(
      publish()[0]?.outbound.map(({ service }) => service),
      ["shop-orders"],
    );
    say({ "shop-orders": { failover: "lonely" }, "shop-lonely": { "route.a.mirror": "backup" } });
    const [web] = publish();
    assert.deepEqual(
      web?.outbound.map(({ service, names }) => [service, names]),
      [
        ["shop-orders", ["orders", "shop-orders"]],
        ["shop-backup", []],
        ["shop-lonely", []],
      ],
    );
    const [port] = outbound(web, "shop-backup")?.ports ?? [];
    assert.deepEqual(
      port?.endpoints.map(({ id, sameNode }) => [id, sameNode]),
      [["shop-backup-dddddddddddd", false]],
    );
  });

  it("may lead in a circle", () => {
    say({ "shop-orders": { failover: "lonely" }, "shop-lonely": { failover: "orders" } });
    assert.equal(publish()[0]?.outbound.length, 2);
  });

  it("come with the intentions of which the service is the destination", () => {
    state.setIntentions({
      ...{ defaultAction: "deny", problems: [] },
      intentions: [
        { source: "*", destination: "*", action: "deny", permissions: [] },
        { source: "shop-web", destination: "shop-orders", action: "allow", permissions: [] },
      ],
    });
    const [web, orders] = publish();
    const all = { source: "*", action: "deny", permissions: [] };
    assert.deepEqual(web?.intentions, { defaultAction: "deny", list: [all] });
    assert.deepEqual(orders?.intentions.list, [
      { source: "shop-web", action: "allow", permissions: [] },
      all,
    ]);
  });

  it("come with the keys of tokens, fetched for services that run here alone", async () => {
    say({ "shop-orders": JWT, "shop-backup": { ...JWT, "jwt.jwks": "https://backup.example" } });
    assert.equal(publish()[1]?.jwks, undefined);
    const [web, orders] = await eventually(() => {
      const snapshots = publish();
      assert.equal(snapshots[1]?.jwks, "the keys");
      return snapshots;
    });
    assert.ok(orders !== undefined);
    assert.equal(web?.jwks, undefined);
    assert.deepEqual(fetched, ["https://login.example/keys"]);
    keySets[Symbol.dispose]();
  });

  it("are waited for: nobody is let in because nothing is known of them yet", () => {
    const fresh = new PolicyState();
    const clock = new ManualClock();
    const gateways = noGateways(clock);
    const parts = { sessions, leaves: new InstantLeaves(), keySets, gateways, clock };
    const observation = (): undefined => undefined;
    publisher = new Publisher({ ...parts, observation, policies: new ServicePolicies(fresh) });
    assert.deepEqual(publish(), [undefined, undefined, undefined]);
    assert.match(publisher.problems[0]?.message ?? "", /have not been read .* yet/);
    fresh.setPolicies(policiesView({}));
    assert.deepEqual(publish(), [undefined, undefined, undefined]);
    fresh.setIntentions(NO_INTENTIONS);
    assert.ok(publish().every((snapshot) => snapshot !== undefined));
    assert.deepEqual(publisher.problems, []);
  });
});
