import assert from "node:assert/strict";
import { beforeEach, describe, it } from "mocha";
import { MeshError } from "../../../mesh/errors.ts";
import type { PolicyDocument } from "../../../mesh/policy/document.ts";
import { PolicyDesk, PolicyInvalid } from "../../../plugin/policy/policy-desk.ts";
import { PolicyState } from "../../../plugin/policy/policy-state.ts";
import type { KnownNames } from "../../../plugin/policy/service-names.ts";
import { ServicePolicies } from "../../../plugin/policy/service-policies.ts";
import { NO_INTENTIONS, policiesView, storedPolicy } from "../../helpers/policies.ts";
import { MemoryPolicyStore, SHOP } from "../api/sources.ts";

const signal = new AbortController().signal;
const anyVersion = (): boolean => true;
const AWAY = new MeshError("CATALOG_UNAVAILABLE", "consul did not answer");

const fails = (code: string, message: RegExp) => (error: unknown) =>
  error instanceof MeshError && error.code === code && message.test(error.message);

describe("the desk for policies", () => {
  let store: MemoryPolicyStore;
  let state: PolicyState;
  let known: KnownNames;
  let desk: PolicyDesk;

  beforeEach(() => {
    store = new MemoryPolicyStore();
    state = new PolicyState();
    known = SHOP;
    const policies = new ServicePolicies(state);
    policies.refresh([], SHOP);
    desk = new PolicyDesk({ store, policies, known: () => known });
  });

  describe("while the catalog is away", () => {
    it("says that nothing was written when not even the version in force can be had", async () => {
      store.read = () => Promise.reject(AWAY);
      const expected = fails(
        "CATALOG_UNAVAILABLE",
        /^the policy of shop-orders was not written: consul did not answer/,
      );
      await assert.rejects(desk.write("shop-orders", {}, anyVersion, signal), expected);
      await assert.rejects(desk.rollback("shop-orders", 1, anyVersion, signal), expected);
    });

    it("says that nobody knows of a write whose answer is lost", async () => {
      store.write = () => Promise.reject(AWAY);
      await assert.rejects(
        desk.write("shop-orders", { audit: true }, anyVersion, signal),
        fails(
          "CATALOG_UNAVAILABLE",
          /^it is not known whether the policy of shop-orders was written/,
        ),
      );
    });

    it("does not say of a service that there is none before it has read the catalog", () => {
      assert.throws(
        () => desk.resolve("shop-cart", false),
        fails("CATALOG_UNAVAILABLE", /"shop-cart" .* has not been able to read the catalog yet/),
      );
      state.setPolicies(policiesView({}));
      state.setIntentions(NO_INTENTIONS);
      assert.throws(
        () => desk.resolve("shop-cart", false),
        fails("SERVICE_UNKNOWN", /^no service named "shop-cart" is known/),
      );
    });
  });

  it("asks which service is meant by the short name of several, also when one is to be made", () => {
    known = [
      ...SHOP,
      { service: "other-orders", aliases: [{ project: "other", alias: "orders" }] },
    ];
    for (const create of [false, true]) {
      assert.throws(
        () => desk.resolve("orders", create),
        fails("SERVICE_UNKNOWN", /say which of shop-orders, other-orders/),
      );
    }
  });

  it("takes the short name for that of the service that runs, where others of that name are gone", () => {
    const gone = { aliases: [{ project: "other", alias: "orders" }], entries: [] };
    known = [{ service: "other-orders", ...gone }, ...SHOP];
    assert.equal(desk.resolve("orders", false), "shop-orders");
    known = [{ service: "other-orders", ...gone }];
    assert.equal(desk.resolve("orders", false), "other-orders");
  });

  it("knows a service of which nothing but its policy is left, and no name that none can have", () => {
    state.setPolicies(
      policiesView({ "shop-cart": { audit: "true" }, "../cart": { audit: "true" } }),
    );
    state.setIntentions(NO_INTENTIONS);
    assert.equal(desk.resolve("shop-cart", false), "shop-cart");
    assert.throws(() => desk.resolve("../cart", false), fails("SERVICE_UNKNOWN", /"\.\.\/cart"/));
  });

  it("explains what is in force, not what somebody wrote past it", async () => {
    const broken: PolicyDocument = { audit: "true", "retries.attempts": "-1" };
    state.setPolicies(policiesView({ "shop-orders": { audit: "false", "retries.attempts": "1" } }));
    const byHand = storedPolicy("shop-orders", broken, 2);
    state.setPolicies({ policies: new Map([["shop-orders", byHand]]), problems: [] });
    const fields = await desk.explain(byHand, signal);
    const value = (name: string): unknown => fields.find(({ field }) => field === name)?.value;
    assert.deepEqual([value("audit"), value("retries.attempts")], ["false", "1"]);
  });

  it("takes no host for all services together, which none of them would get", async () => {
    const hosts = { "gateway.host": "shop.example" };
    const fields = await desk.write("*", hosts, anyVersion, signal).catch((error: unknown) => {
      assert.ok(error instanceof PolicyInvalid);
      return error.fields;
    });
    assert.match(
      JSON.stringify(fields),
      /^\[\{"field":"gateway\.host","message":"expected it in the policy of one service/,
    );
    await desk.write("*", { "gateway.tls": "self-made" }, anyVersion, signal);
    await desk.write("shop-web", hosts, anyVersion, signal);
  });
});
