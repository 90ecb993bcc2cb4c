import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { ExplicitFacts, SidecarFacts } from "../../../plugin/docker/container-facts.ts";
import { interceptionRules } from "../../../plugin/docker/interception-rules.ts";
import {
  explicitProblems,
  interceptionMarks,
  withWorkloadStarts,
} from "../../../plugin/reconcile/explicit.ts";
import { interceptionMark } from "../../../plugin/reconcile/interception.ts";
import { type Observed, plan, printPlan } from "../../../plugin/reconcile/plan.ts";
import { AGENT_VERSION } from "../../../plugin/version.ts";
import { toInstance } from "../../../plugin/workload/health.ts";
import {
  composeLabels,
  containerId,
  factsOf,
  NODE,
  RESTARTED_AT,
  STARTED_AT,
  sidecarOf,
  workloadOf,
} from "../../helpers/workloads.ts";

const EXPLICIT = { "mesh.sidecar": "explicit" } as const;
const ORDERS = workloadOf("orders", "a", {}, EXPLICIT);
const RULES = interceptionRules(ORDERS);
const AFTER_START = "2026-03-01T08:00:00.2Z";

function explicit(
  role: "sidecar" | "init",
  facts: Partial<ExplicitFacts> = {},
  changes: Partial<SidecarFacts> = {},
): SidecarFacts {
  const rules = role === "init" ? RULES : "";
  const parts = { startedAt: AFTER_START, exitCode: 0, rules, tokenDigest: "", ...facts };
  const own = { specification: "", token: "", version: AGENT_VERSION, running: role === "sidecar" };
  return sidecarOf("a", `shop-orders-mesh-${role}`, { role, ...own, explicit: parts, ...changes });
}

const SIDECAR = explicit("sidecar");
const INIT = explicit("init");

function planned(sidecars: readonly SidecarFacts[], changes: Partial<Observed> = {}): string {
  const instance = toInstance(ORDERS, NODE);
  const desired = [{ workload: ORDERS, instance, specification: "specification-1", ready: true }];
  return printPlan(
    plan(desired, {
      ...{ sidecars, running: [], serving: new Set(), fit: new Set(), held: [] },
      ...{ intercepted: new Map(), registered: [instance], ...changes },
    }),
  );
}

describe("sidecars that stand in a compose file", () => {
  describe("are planned for so that the agent", () => {
    for (const [what, sidecars, expected] of [
      ["does nothing where they work", [SIDECAR, INIT], "nothing to do\n"],
      ["makes none where there is none yet", [], "nothing to do\n"],
      [
        "leaves one alone that somebody has stopped",
        [explicit("sidecar", {}, { running: false }), INIT],
        "nothing to do\n",
      ],
      [
        "starts one that the engine could not start again",
        [explicit("sidecar", { exitCode: 128 }, { running: false }), INIT],
        "start sidecar-shop-orders-mesh-sidecar: it ended with its workload\n",
      ],
      [
        "has the redirection installed in a new namespace",
        [SIDECAR, explicit("init", {}, { workloadStartedAt: "" })],
        "start sidecar-shop-orders-mesh-init: new network namespace\n",
      ],
      [
        "has it installed again where that failed",
        [SIDECAR, explicit("init", { exitCode: 1 })],
        "start sidecar-shop-orders-mesh-init: new network namespace\n",
      ],
      [
        "waits while it is being installed",
        [SIDECAR, explicit("init", {}, { running: true, workloadStartedAt: "" })],
        "nothing to do\n",
      ],
      [
        "does not install rules that the labels do not ask for",
        [SIDECAR, explicit("init", { rules: "flush ruleset" }, { workloadStartedAt: "" })],
        "nothing to do\n",
      ],
    ] as const) {
      it(what, () => assert.equal(planned(sidecars), expected));
    }

    it("removes and replaces none, whatever has become of the workload", () => {
      const observed = {
        ...{ sidecars: [SIDECAR, INIT], serving: new Set<string>(), fit: new Set<string>() },
        ...{ running: [], intercepted: new Map(), registered: [], held: [] },
      };
      assert.equal(printPlan(plan([], observed)), "nothing to do\n");
      const running = [{ id: containerId("a"), name: "shop-orders-1", startedAt: STARTED_AT }];
      assert.equal(printPlan(plan([], { ...observed, running })), "nothing to do\n");
    });
  });

  describe("belong to", () => {
    const web = factsOf("orders", "a", { labels: composeLabels("orders", EXPLICIT) });
    const startOf = (startedAt: string, container = web): string | undefined =>
      withWorkloadStarts([explicit("sidecar", { startedAt })], [container])[0]?.workloadStartedAt;

    it("the start of their workload after which they were started themselves", () => {
      assert.equal(startOf(AFTER_START), STARTED_AT);
    });

    it("no start when their workload was started anew after them", () => {
      assert.equal(startOf(AFTER_START, { ...web, startedAt: RESTARTED_AT }), "");
    });

    it("the right one whatever digits the engine leaves out", () => {
      const start = (startedAt: string): typeof web => ({ ...web, startedAt });
      assert.equal(
        startOf("2026-03-01T08:00:01Z", start("2026-03-01T08:00:00.9Z")),
        "2026-03-01T08:00:00.9Z",
      );
      assert.equal(startOf("2026-03-01T08:00:00.12Z", start("2026-03-01T08:00:00.123Z")), "");
    });

    it("nobody who has not asked for one", () => {
      assert.equal(startOf(AFTER_START, factsOf("orders", "a")), "");
    });

    it("nobody when their workload is not there", () => {
      assert.equal(withWorkloadStarts([SIDECAR], [])[0]?.workloadStartedAt, "");
    });
  });

  it("count as having installed the redirection of this start when they have", () => {
    const marks = (init: SidecarFacts): unknown =>
      interceptionMarks(new Map(), [ORDERS], [init]).get(containerId("a"));
    assert.equal(marks(INIT), interceptionMark(ORDERS));
    assert.equal(marks(explicit("init", { exitCode: 1 })), undefined);
    assert.equal(marks(explicit("init", {}, { workloadStartedAt: "" })), undefined);
    assert.equal(marks(explicit("init", { rules: "flush ruleset" })), undefined);
  });

  describe("are a problem for their user when", () => {
    const messages = (sidecars: readonly SidecarFacts[]): string =>
      explicitProblems([ORDERS], sidecars)
        .map(({ message }) => message)
        .join("\n");

    it("they are there and right: not at all", () => {
      assert.equal(messages([SIDECAR, INIT]), "");
    });

    for (const [what, sidecars, expected] of [
      ["there is none", [INIT], /as its sidecar, found none/],
      [
        "it has stopped",
        [explicit("sidecar", {}, { running: false }), INIT],
        /to run, found it stopped/,
      ],
      [
        "nobody can read what they print",
        [explicit("sidecar", { tokenDigest: undefined }), INIT],
        /expected a log driver of its sidecar that docker logs can read/,
      ],
      [
        "they are of another version",
        [{ ...SIDECAR, version: "0.0.9" }, INIT],
        /is of version 0\.0\.9/,
      ],
      [
        "nothing installs the redirection",
        [SIDECAR],
        /redirection that its labels ask for, found none/,
      ],
      [
        "labels have changed since",
        [SIDECAR, explicit("init", { rules: "" })],
        /found one with other rules/,
      ],
    ] as const) {
      it(what, () => assert.match(messages(sidecars), expected));
    }
  });
});
