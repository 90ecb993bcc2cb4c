// What is due when the labels of a container that runs are others than before, or ask for the mesh no more.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
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

const NOBODY = {
  ...{ hosts: [], ranges: [], nameServers: [] },
  ...{ subnets: ["198.18.0.97/24"], gateways: ["198.18.0.1"] },
};

function desire(changes: Partial<Workload> = {}): DesiredWorkload {
  const workload = workloadOf("orders", "a", changes);
  const instance = toInstance(workload, NODE);
  return { workload, instance, specification: "specification-1", ready: true };
}

const ORDERS: DesiredWorkload = desire();

/** All of `orders` is as it should be. */
const SETTLED: Observed = {
  sidecars: [sidecarOf("a", "s1")],
  running: [{ id: containerId("a"), name: "shop-orders-1", startedAt: STARTED_AT }],
  ...{ serving: new Set(["s1"]), fit: new Set(["s1"]) },
  intercepted: new Map([[containerId("a"), interceptionMark(ORDERS.workload)]]),
  registered: [ORDERS.instance],
  held: [],
};

interface Case {
  readonly desired: readonly DesiredWorkload[];
  readonly observed: Partial<Observed>;
  readonly plan: string;
}

const CASES: Readonly<Record<string, Case>> = {
  "what its application may call outside is another": {
    desired: [desire({ egress: NOBODY })],
    observed: {},
    plan: `\
intercept shop-orders-1: other rules than before
`,
  },
  "it is held to what it may call outside, and another network was attached": {
    desired: [desire({ egress: { ...NOBODY, subnets: ["198.18.0.97/24", "198.18.1.2/24"] } })],
    observed: {
      intercepted: new Map([
        [containerId("a"), interceptionMark(desire({ egress: NOBODY }).workload)],
      ]),
    },
    plan: `\
intercept shop-orders-1: other rules than before
`,
  },
  "it is held to what it may call outside as before": {
    desired: [desire({ egress: NOBODY })],
    observed: {
      intercepted: new Map([
        [containerId("a"), interceptionMark(desire({ egress: NOBODY }).workload)],
      ]),
    },
    plan: "nothing to do\n",
  },
  "the labels of a running workload do not ask for the mesh any more": {
    desired: [],
    observed: {},
    plan: `\
deregister shop-orders-aaaaaaaaaaaa: it is not to be in the mesh any more
release shop-orders-1: it is not to be in the mesh any more
detach sidecar-s1: it is not to be in the mesh any more
`,
  },
  "it left the mesh in the middle of a hand-over, and had no redirection": {
    desired: [],
    observed: {
      sidecars: [
        sidecarOf("a", "s1"),
        sidecarOf("a", "s2", { specification: "specification-2" }),
        sidecarOf("b", "s3"),
      ],
      intercepted: new Map(),
      registered: [],
    },
    plan: `\
remove-sidecar sidecar-s3: workload is gone
detach sidecar-s1: it is not to be in the mesh any more
detach sidecar-s2: it is not to be in the mesh any more
`,
  },
  "it left the mesh and has restarted since": {
    desired: [],
    observed: {
      running: [{ id: containerId("a"), name: "shop-orders-1", startedAt: RESTARTED_AT }],
      registered: [],
    },
    plan: `\
remove-sidecar sidecar-s1: workload is gone
`,
  },
  "it left the mesh, and its sidecar has stopped": {
    desired: [],
    observed: { sidecars: [sidecarOf("a", "s1", { running: false })], registered: [] },
    plan: `\
remove-sidecar sidecar-s1: workload is gone
release shop-orders-1: it is not to be in the mesh any more
`,
  },
  "a running workload is to be strict now": {
    desired: [desire({ mtls: "strict", redirected: [] })],
    observed: {},
    plan: `\
intercept shop-orders-1: other rules than before
`,
  },
  "an agent before this one did not write down by which rules": {
    desired: [ORDERS],
    observed: { intercepted: new Map([[containerId("a"), STARTED_AT]]) },
    plan: `\
intercept shop-orders-1: other rules than before
`,
  },
  "a running workload wants no interception any more": {
    desired: [desire({ intercept: "off" })],
    observed: {},
    plan: `\
release shop-orders-1: mesh.intercept is off now
`,
  },
  "a running workload weighs more than before": {
    desired: [desire({ weight: 3, version: "2", policy: { allow: "web" } })],
    observed: {},
    plan: `\
register shop-orders-aaaaaaaaaaaa: registration differs
`,
  },
};

describe("the plan for a container that runs", () => {
  for (const [when, { desired, observed, plan: expected }] of Object.entries(CASES)) {
    it(`when ${when}`, () => {
      assert.equal(printPlan(plan(desired, { ...SETTLED, ...observed })), expected);
    });
  }
});
