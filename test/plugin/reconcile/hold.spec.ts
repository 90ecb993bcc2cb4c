import assert from "node:assert/strict";
import { describe, it } from "mocha";
import {
  type HeldContainer,
  HOLD_LIMIT,
  type HoldView,
  outlookOf,
  planHolds,
} from "../../../plugin/reconcile/hold.ts";
import { containerId, RESTARTED_AT, reportOf, STARTED_AT } from "../../helpers/workloads.ts";

const STARTED = { paused: true, startedAt: STARTED_AT };
const WAITING = { waitsFor: "there is none yet" };

/** Paused by the agent a second ago; its sidecar is not there yet. */
const HELD: HeldContainer = {
  containerId: containerId("a"),
  containerName: "shop-orders-1",
  startedBy: Date.parse(STARTED_AT) + 1,
  facts: STARTED,
  stopping: false,
  heldFor: 1_000,
  givenUp: false,
  outlook: WAITING,
};

const LATE =
  "expected its sidecar to be ready within 30 s of the start, found that there is none yet; the application runs since, and may have called around the mesh or in vain (mesh.hold)";

type Expected = "stays paused" | `resume: ${string}` | `forget-hold: ${string}`;

const CASES: Readonly<
  Record<string, readonly [Partial<HeldContainer>, Expected, problem?: string]>
> = {
  "its sidecar is not ready": [{}, "stays paused"],
  "its sidecar is ready": [{ outlook: "ready" }, "resume: its sidecar is ready"],
  "its labels are wrong": [{ outlook: "no workload" }, "resume: it gets no sidecar"],
  "it gets its stop signal": [{ stopping: true }, "resume: it is to stop"],
  "its time is nearly over": [{ heldFor: HOLD_LIMIT - 1 }, "stays paused"],
  "its time is over before it is held to what it may call": [
    { heldFor: HOLD_LIMIT, outlook: { ...WAITING, confined: true } },
    "stays paused",
  ],
  "its time is over": [{ heldFor: HOLD_LIMIT }, "resume: its sidecar is late", LATE],
  "its sidecar is ready after all when its time is over": [
    { heldFor: HOLD_LIMIT, outlook: "ready" },
    "resume: its sidecar is ready",
  ],
  "a user has let it run": [
    { facts: { ...STARTED, paused: false } },
    "forget-hold: somebody else let it run",
  ],
  "it has ended": [{ facts: undefined }, "forget-hold: it has ended"],
  "a later start of it was paused by a user": [
    { facts: { ...STARTED, startedAt: RESTARTED_AT } },
    "forget-hold: it was started anew",
  ],
  "it was let run without its sidecar, which is still not ready": [
    { facts: { ...STARTED, paused: false }, givenUp: true, heldFor: HOLD_LIMIT + 1 },
    "stays paused",
  ],
  "it was let run without its sidecar, and a user paused it then": [
    { givenUp: true, heldFor: HOLD_LIMIT + 1 },
    "stays paused",
  ],
  "it was let run without its sidecar, which is ready now": [
    { facts: { ...STARTED, paused: false }, givenUp: true, outlook: "ready" },
    "forget-hold: nothing is waited for any more",
  ],
  "it was let run without its sidecar, and has ended": [
    { facts: undefined, givenUp: true },
    "forget-hold: it has ended",
  ],
};

describe("a held application", () => {
  for (const [when, [changes, expected, problem]] of Object.entries(CASES)) {
    it(`when ${when}`, () => {
      const steps = planHolds([{ ...HELD, ...changes }]);
      const [step] = steps;
      assert.equal(step === undefined ? "stays paused" : `${step.kind}: ${step.cause}`, expected);
      assert.equal(step?.kind === "resume" ? step.problem : undefined, problem);
      const { containerName, startedBy } = HELD;
      const hold = { containerId: HELD.containerId, containerName, startedBy };
      if (step !== undefined) assert.deepEqual(step.hold, hold);
      assert.ok(steps.length < 2);
    });
  }
});

const SIDECAR = { sidecarId: "s1", report: reportOf(), lost: false };
const ALL_THERE: HoldView = {
  ...{ sidecar: SIDECAR, intercepted: true, catalogSeen: true },
  confined: false,
};

const VIEWS: Readonly<Record<string, readonly [Partial<HoldView>, string | undefined]>> = {
  "nothing else": [{}, undefined],
  "a sidecar": [{ sidecar: undefined }, "there is none yet"],
  "its first report": [{ sidecar: { ...SIDECAR, report: undefined } }, "it does not report"],
  "one that was heard of lately": [{ sidecar: { ...SIDECAR, lost: true } }, "it does not report"],
  "its first snapshot": [
    { sidecar: { ...SIDECAR, report: reportOf({ version: undefined, ready: false }) } },
    "it has no snapshot yet",
  ],
  "its ports": [
    { sidecar: { ...SIDECAR, report: reportOf({ ready: false }) } },
    "its ports are not open yet",
  ],
  "what it could not do": [
    { sidecar: { ...SIDECAR, report: reportOf({ problems: ["port 80 is in use", "no hosts"] }) } },
    "port 80 is in use; no hosts",
  ],
  "the catalog, by which snapshots name endpoints": [
    { catalogSeen: false },
    "the catalog has not been read yet",
  ],
  "the redirection": [{ intercepted: false }, "the redirection is not installed yet"],
  "no application that answers: it is paused": [
    { sidecar: { ...SIDECAR, report: reportOf({ application: "starting" }) } },
    undefined,
  ],
};

describe("an application that is held to what it may call outside", () => {
  const confined = { ...ALL_THERE, confined: true };

  it("must not run before its rules are installed", () => {
    const waitsFor = "the redirection is not installed yet";
    assert.deepEqual(outlookOf({ ...confined, intercepted: false }), { waitsFor, confined: true });
  });

  it("waits for its sidecar no longer than others, once they are", () => {
    const outlook = outlookOf({ ...confined, sidecar: undefined });
    assert.deepEqual(outlook, { waitsFor: "there is none yet" });
  });
});

describe("an application's first call waits for", () => {
  for (const [what, [changes, expected]] of Object.entries(VIEWS)) {
    it(what, () => {
      const outlook = outlookOf({ ...ALL_THERE, ...changes });
      assert.deepEqual(outlook, expected === undefined ? "ready" : { waitsFor: expected });
    });
  }
});
