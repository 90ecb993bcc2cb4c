import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { Instance } from "../../../mesh/model.ts";
import type { SidecarFacts } from "../../../plugin/docker/container-facts.ts";
import { interceptionMark } from "../../../plugin/reconcile/interception.ts";
import {
  type DesiredWorkload,
  type Observed,
  plan,
  printPlan,
} from "../../../plugin/reconcile/plan.ts";
import { toInstance } from "../../../plugin/workload/health.ts";
import type { Workload } from "../../../plugin/workload/workload.ts";
import {
  containerId,
  NODE,
  RESTARTED_AT,
  STARTED_AT,
  sidecarOf,
  workloadOf,
} from "../../helpers/workloads.ts";

function desire(
  service: string,
  letter: string,
  ready: boolean,
  changes: Partial<Workload> = {},
): DesiredWorkload {
  const workload = workloadOf(service, letter, changes);
  return {
    workload,
    instance: toInstance(workload, NODE),
    specification: "specification-1",
    ready,
  };
}

const ORDERS: DesiredWorkload = desire("orders", "a", true);
const WEB: DesiredWorkload = desire("web", "b", true);

/** Nothing exists, and the catalog is known to hold nothing. */
const NOTHING: Observed = {
  ...{ sidecars: [], running: [], intercepted: new Map(), registered: [], held: [] },
  ...{ serving: new Set(), fit: new Set() },
};

/** All of `orders` is as it should be. */
const SETTLED: Observed = {
  sidecars: [sidecarOf("a", "s1")],
  serving: new Set(["s1"]),
  fit: new Set(["s1"]),
  running: [{ id: containerId("a"), name: "shop-orders-1", startedAt: STARTED_AT }],
  intercepted: new Map([[containerId("a"), interceptionMark(ORDERS.workload)]]),
  registered: [ORDERS.instance],
  held: [],
};

const HELD: Observed["held"][number] = {
  ...{ containerId: containerId("a"), containerName: "shop-orders-1", heldFor: 0 },
  ...{ facts: { paused: true, startedAt: STARTED_AT }, startedBy: Date.parse(STARTED_AT) + 1 },
  ...{ stopping: false, givenUp: false, outlook: "ready" },
};

const NOBODY: Pick<Observed, "serving" | "fit"> = { serving: new Set(), fit: new Set() };

/** A sidecar that was made later, from another specification. */
function successorOf(letter: string, id: string): SidecarFacts {
  return sidecarOf(letter, id, { specification: "specification-2" });
}

function changed(instance: Instance, changes: Partial<Instance>): Instance {
  return { ...instance, ...changes };
}

interface Case {
  readonly desired: readonly DesiredWorkload[];
  readonly observed: Partial<Observed>;
  readonly plan: string;
}

const CASES: Readonly<Record<string, Case>> = {
  "nothing is wanted and nothing is there": {
    desired: [],
    observed: NOTHING,
    plan: "nothing to do\n",
  },
  "everything is as the labels say": {
    desired: [ORDERS],
    observed: SETTLED,
    plan: "nothing to do\n",
  },
  "a workload is new": {
    desired: [desire("orders", "a", false)],
    observed: NOTHING,
    plan: `\
intercept shop-orders-1: new network namespace
attach shop-orders-1: no sidecar
`,
  },
  "a new workload wants no interception": {
    desired: [desire("orders", "a", false, { intercept: "off" })],
    observed: NOTHING,
    plan: `\
attach shop-orders-1: no sidecar
`,
  },
  "workload and sidecar have become ready": {
    desired: [ORDERS],
    observed: { registered: [] },
    plan: `\
register shop-orders-aaaaaaaaaaaa: workload and sidecar are ready
`,
  },
  "the workload was started by docker compose run": {
    desired: [desire("orders", "a", true, { offered: false })],
    observed: { registered: [] },
    plan: "nothing to do\n",
  },
  "the workload is not ready": {
    desired: [desire("orders", "a", false)],
    observed: { registered: [] },
    plan: "nothing to do\n",
  },
  "the workload has joined another network": {
    desired: [ORDERS],
    observed: { registered: [changed(ORDERS.instance, { networks: [] })] },
    plan: `\
register shop-orders-aaaaaaaaaaaa: registration differs
`,
  },
  "a registered workload is critical": {
    desired: [desire("orders", "a", false)],
    observed: {},
    plan: "nothing to do\n",
  },
  "the workload has restarted": {
    desired: [desire("orders", "a", false, { startedAt: RESTARTED_AT })],
    observed: {},
    plan: `\
remove-sidecar sidecar-s1: workload restarted with a new network namespace
intercept shop-orders-1: new network namespace
attach shop-orders-1: no sidecar
`,
  },
  "sidecars are made otherwise now": {
    desired: [{ ...ORDERS, specification: "specification-2" }],
    observed: {},
    plan: `\
hand-over shop-orders-1: labels or image changed
`,
  },
  "sidecars are made otherwise now, and the old one has stopped": {
    desired: [{ ...ORDERS, specification: "specification-2" }],
    observed: { sidecars: [sidecarOf("a", "s1", { running: false })], ...NOBODY },
    plan: `\
remove-sidecar sidecar-s1: sidecar stopped
attach shop-orders-1: no sidecar
`,
  },
  "a successor is starting": {
    desired: [{ ...ORDERS, specification: "specification-2" }],
    observed: { sidecars: [sidecarOf("a", "s1"), successorOf("a", "s2")] },
    plan: `\
hand-over shop-orders-1: its successor is starting
`,
  },
  "a successor does all that its predecessor does": {
    desired: [{ ...ORDERS, specification: "specification-2" }],
    observed: {
      sidecars: [sidecarOf("a", "s1"), successorOf("a", "s2")],
      serving: new Set(["s1", "s2"]),
      fit: new Set(["s1", "s2"]),
    },
    plan: `\
retire sidecar-s1: replaced by sidecar-s2
`,
  },
  "a successor falls silent while its predecessor leaves": {
    desired: [{ ...ORDERS, specification: "specification-2" }],
    observed: { sidecars: [sidecarOf("a", "s1"), successorOf("a", "s2")], ...NOBODY },
    plan: "nothing to do\n",
  },
  "an agent before this one left two sidecars, neither as they are made now": {
    desired: [{ ...ORDERS, specification: "specification-3" }],
    observed: { sidecars: [sidecarOf("a", "s1"), successorOf("a", "s2")] },
    plan: `\
hand-over shop-orders-1: labels or image changed
`,
  },
  "three generations meet, of which the last works": {
    desired: [{ ...ORDERS, specification: "specification-2" }],
    observed: {
      sidecars: [sidecarOf("a", "s1"), sidecarOf("a", "s2"), successorOf("a", "s3")],
      serving: new Set(["s1", "s2", "s3"]),
      fit: new Set(["s1", "s2", "s3"]),
    },
    plan: `\
retire sidecar-s1: replaced by sidecar-s3
retire sidecar-s2: replaced by sidecar-s3
`,
  },
  "the agent was set back to how the older of two sidecars was made": {
    desired: [ORDERS],
    observed: { sidecars: [sidecarOf("a", "s1"), successorOf("a", "s2")] },
    plan: `\
retire sidecar-s2: replaced by sidecar-s1
`,
  },
  "more sidecars are to be replaced than at once": {
    desired: [..."cdefgh"].map((letter) => ({
      ...desire(`service-${letter}`, letter, true, { intercept: "off" }),
      specification: "specification-2",
    })),
    observed: {
      running: [],
      sidecars: [
        ...[..."cdefgh"].map((letter) => sidecarOf(letter, `old-${letter}`)),
        successorOf("h", "new-h"),
      ],
      serving: new Set([..."cdefgh"].map((letter) => `old-${letter}`)),
      fit: new Set(),
      registered: undefined,
    },
    plan: `\
hand-over shop-service-c-1: labels or image changed
hand-over shop-service-d-1: labels or image changed
hand-over shop-service-e-1: labels or image changed
hand-over shop-service-h-1: its successor is starting
`,
  },
  "the sidecar has stopped": {
    desired: [ORDERS],
    observed: { sidecars: [sidecarOf("a", "s1", { running: false })] },
    plan: `\
remove-sidecar sidecar-s1: sidecar stopped
attach shop-orders-1: no sidecar
`,
  },
  "the sidecar was removed by hand": {
    desired: [ORDERS],
    observed: { sidecars: [] },
    plan: `\
attach shop-orders-1: no sidecar
`,
  },
  "there is a second sidecar": {
    desired: [ORDERS],
    observed: { sidecars: [sidecarOf("a", "s1"), sidecarOf("a", "s2")] },
    plan: `\
retire sidecar-s2: replaced by sidecar-s1
`,
  },
  "the first of two sidecars cannot stay": {
    desired: [ORDERS],
    observed: { sidecars: [sidecarOf("a", "s1", { running: false }), sidecarOf("a", "s2")] },
    plan: `\
remove-sidecar sidecar-s1: sidecar stopped
`,
  },
  "an attach was interrupted": {
    desired: [ORDERS],
    observed: { sidecars: [sidecarOf("a", "i1", { role: "init" }), sidecarOf("a", "s1")] },
    plan: `\
remove-sidecar sidecar-i1: left over from an interrupted attach
`,
  },
  "the workload is gone": {
    desired: [],
    observed: { running: [] },
    plan: `\
deregister shop-orders-aaaaaaaaaaaa: workload is gone
remove-sidecar sidecar-s1: workload is gone
`,
  },
  "the workload is gone and the catalog is not known": {
    desired: [],
    observed: { running: [], registered: undefined },
    plan: `\
remove-sidecar sidecar-s1: workload is gone
`,
  },
  "a ready workload's registration is not known": {
    desired: [ORDERS],
    observed: { registered: undefined },
    plan: "nothing to do\n",
  },
  "an agent before this one left ghosts": {
    desired: [ORDERS],
    observed: {
      registered: [
        ORDERS.instance,
        changed(WEB.instance, { id: "shop-web-cccccccccccc", containerId: containerId("c") }),
      ],
    },
    plan: `\
deregister shop-web-cccccccccccc: workload is gone
`,
  },
  "the container was registered under another service's name": {
    desired: [ORDERS],
    observed: { registered: [changed(ORDERS.instance, { id: "bills-aaaaaaaaaaaa" })] },
    plan: `\
deregister bills-aaaaaaaaaaaa: now another service
register shop-orders-aaaaaaaaaaaa: workload and sidecar are ready
`,
  },
  "an application is held, and its sidecar is ready": {
    desired: [desire("orders", "a", false)],
    observed: { held: [HELD] },
    plan: `\
resume shop-orders-1: its sidecar is ready
`,
  },
  "an application is held, and its sidecar has just been removed by hand": {
    desired: [desire("orders", "a", false)],
    observed: { sidecars: [], held: [{ ...HELD, outlook: { waitsFor: "there is none yet" } }] },
    plan: `\
attach shop-orders-1: no sidecar
`,
  },
  "a held application has ended": {
    desired: [],
    observed: { running: [], held: [{ ...HELD, facts: undefined }] },
    plan: `\
forget-hold shop-orders-1: it has ended
deregister shop-orders-aaaaaaaaaaaa: workload is gone
remove-sidecar sidecar-s1: workload is gone
`,
  },
  "much is due at once": {
    desired: [desire("web", "b", false), { ...ORDERS, specification: "specification-2" }],
    observed: {
      sidecars: [
        sidecarOf("a", "s1"),
        sidecarOf("c", "s3"),
        sidecarOf("b", "i1", { role: "init" }),
      ],
      registered: [
        changed(WEB.instance, { id: "shop-api-cccccccccccc", containerId: containerId("c") }),
      ],
    },
    plan: `\
deregister shop-api-cccccccccccc: workload is gone
remove-sidecar sidecar-i1: left over from an interrupted attach
remove-sidecar sidecar-s3: workload is gone
intercept shop-web-1: new network namespace
attach shop-web-1: no sidecar
hand-over shop-orders-1: labels or image changed
register shop-orders-aaaaaaaaaaaa: workload and sidecar are ready
`,
  },
};

describe("the plan", () => {
  for (const [when, { desired, observed, plan: expected }] of Object.entries(CASES)) {
    it(`when ${when}`, () => {
      assert.equal(printPlan(plan(desired, { ...SETTLED, ...observed })), expected);
    });
  }

  it("is the same whichever order things were seen in", () => {
    const [desired, observed] = [
      [ORDERS, WEB],
      { ...NOTHING, sidecars: [sidecarOf("c", "s3"), sidecarOf("d", "s4")] },
    ];
    const reversed = { ...observed, sidecars: observed.sidecars.toReversed() };
    assert.equal(
      printPlan(plan(desired.toReversed(), reversed)),
      printPlan(plan(desired, observed)),
    );
  });

  it("is empty once its steps are done", () => {
    const steps = plan([ORDERS], NOTHING);
    assert.deepEqual(
      steps.map(({ kind }) => kind),
      ["intercept", "attach", "register"],
    );
    assert.deepEqual(plan([ORDERS], SETTLED), []);
  });
});
