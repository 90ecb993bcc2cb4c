import assert from "node:assert/strict";
import { beforeEach, describe, it } from "mocha";
import type { SidecarFacts } from "../../../plugin/docker/container-facts.ts";
import { type SidecarSession, SidecarSessions } from "../../../plugin/sidecars/sessions.ts";
import { buildSnapshot } from "../../../plugin/sidecars/snapshot.ts";
import { tokenDigest } from "../../../proxy/configuration/introduction.ts";
import type { SidecarReport } from "../../../proxy/configuration/snapshot.ts";
import { BUNDLE, leafOf } from "../../helpers/leaves.ts";
import { ManualClock } from "../../helpers/manual-clock.ts";
import { NO_POLICY } from "../../helpers/plans.ts";
import {
  RESTARTED_AT,
  reportOf,
  STARTED_AT,
  sidecarOf,
  workloadOf,
} from "../../helpers/workloads.ts";

const WORKLOAD = workloadOf("orders", "a");
const SNAPSHOT = buildSnapshot({
  workload: WORKLOAD,
  leaf: leafOf("shop-orders"),
  bundle: BUNDLE,
  outbound: [],
  draining: false,
  ...NO_POLICY,
});

describe("the agent's side of its sidecars", () => {
  let clock: ManualClock;
  let news: string[];
  let sessions: SidecarSessions;

  beforeEach(() => {
    clock = new ManualClock();
    news = [];
    sessions = new SidecarSessions(clock, (workloadId) => news.push(workloadId.slice(0, 1)));
  });

  const session = (id: string): SidecarSession => {
    const found = sessions.authenticate(`token of ${id}`);
    assert.ok(found, `session of ${id}`);
    return found;
  };

  describe("tokens", () => {
    beforeEach(() => sessions.sync([sidecarOf("a", "s1"), sidecarOf("b", "s2")]));

    it("tell which sidecar speaks", () => {
      assert.equal(session("s1").sidecarId, "s1");
      assert.equal(session("s2").sidecarId, "s2");
    });

    for (const token of ["", "token of", "token of s3", "token of s1 ", "TOKEN OF S1"]) {
      it(`refuse ${JSON.stringify(token)}`, () => {
        assert.equal(sessions.authenticate(token), undefined);
      });
    }

    it("end with their sidecar", () => {
      const gone = session("s1");
      sessions.sync([sidecarOf("b", "s2")]);
      assert.equal(sessions.authenticate("token of s1"), undefined);
      assert.equal(gone.closed.signal.aborted, true);
      assert.equal(session("s2").closed.signal.aborted, false);
    });

    it("are not given to init containers, nor to a sidecar without one", () => {
      sessions.sync([sidecarOf("a", "i1", { role: "init" }), sidecarOf("b", "s2", { token: "" })]);
      assert.equal(sessions.authenticate("token of i1"), undefined);
      assert.equal(sessions.authenticate(""), undefined);
    });

    describe("that sidecars of a compose file have made up", () => {
      const explicit = (
        letter: string,
        id: string,
        printed: string,
        startedAt = STARTED_AT,
      ): SidecarFacts => {
        const facts = { startedAt: RESTARTED_AT, exitCode: 0, rules: "", tokenDigest: printed };
        return sidecarOf(letter, id, { token: "", explicit: facts, workloadStartedAt: startedAt });
      };
      const printed = tokenDigest("made up");

      it("tell who speaks by what the container has printed", () => {
        sessions.sync([explicit("a", "s1", printed), explicit("b", "s2", "")]);
        assert.equal(sessions.authenticate("made up")?.sidecarId, "s1");
        assert.equal(sessions.authenticate(""), undefined);
        assert.equal(sessions.authenticate(printed), undefined);
      });

      it("end with the process that knows them", () => {
        sessions.sync([explicit("a", "s1", printed)]);
        const before = sessions.authenticate("made up");
        sessions.sync([explicit("a", "s1", tokenDigest("the next one"))]);
        assert.equal(before?.closed.signal.aborted, true);
        assert.equal(sessions.authenticate("the next one")?.sidecarId, "s1");
      });

      it("begin anew when it becomes known to which start of the workload they belong", () => {
        sessions.sync([explicit("a", "s1", printed, "")]);
        sessions.publish(WORKLOAD, SNAPSHOT);
        const before = sessions.authenticate("made up");
        assert.equal(before?.snapshots.value, undefined);
        sessions.sync([explicit("a", "s1", printed)]);
        sessions.publish(WORKLOAD, SNAPSHOT);
        assert.equal(before?.closed.signal.aborted, true);
        assert.equal(sessions.authenticate("made up")?.snapshots.value, SNAPSHOT);
      });
    });

    it("keep their session while their sidecar is there", () => {
      const before = session("s1");
      sessions.sync([sidecarOf("a", "s1", { running: false })]);
      assert.equal(session("s1"), before);
    });
  });

  describe("of two sidecars in one namespace", () => {
    const both = [sidecarOf("a", "s1"), sidecarOf("a", "s2")];

    const accept = (id: string, changes: Partial<SidecarReport> = {}): void =>
      sessions.accept(session(id), reportOf(changes));

    beforeEach(() => sessions.sync(both));

    it("the first counts until the second one is ready", () => {
      accept("s1");
      assert.equal(sessions.state(WORKLOAD)?.sidecarId, "s1");
      accept("s2", { ready: false });
      assert.equal(sessions.state(WORKLOAD)?.sidecarId, "s1");
      accept("s2");
      assert.equal(sessions.state(WORKLOAD)?.sidecarId, "s2");
    });

    it("each gets every snapshot", () => {
      sessions.publish(WORKLOAD, SNAPSHOT);
      assert.equal(session("s1").snapshots.value, SNAPSHOT);
      assert.equal(session("s2").snapshots.value, SNAPSHOT);
    });

    for (const [what, first, second, fit] of [
      ["is not ready", {}, { ready: false }, ["s1"]],
      ["misses a port that the other one has", {}, { problems: ["port 1 is in use"] }, ["s1"]],
      [
        "misses a port that the other one misses too",
        { problems: ["port 1 is in use"] },
        { problems: ["port 1 is in use"] },
        ["s1", "s2"],
      ],
      ["has not asked the application yet", {}, { application: "starting" }, ["s1"]],
      [
        "waits for the application as the other one does",
        { application: "starting" },
        { application: "starting" },
        ["s1", "s2"],
      ],
      ["is there when the other one has left", { ready: false }, {}, ["s2"]],
      ["does better than the other one", { problems: ["port 1 is in use"] }, {}, ["s2"]],
    ] as const) {
      it(`the second one ${what}: fit ${fit.length > 1 ? "are" : "is"} ${fit.join(" and ")}`, () => {
        accept("s1", first);
        accept("s2", second);
        assert.deepEqual([...sessions.fit], fit);
      });
    }

    it("one that falls silent is not fit", () => {
      accept("s1");
      clock.advance(15_001);
      accept("s2");
      assert.deepEqual([...sessions.serving], ["s2"]);
      assert.deepEqual([...sessions.fit], ["s2"]);
    });

    for (const kept of [0, 1]) {
      it(`number ${kept + 1} counts when the other one is removed`, () => {
        sessions.sync(both);
        sessions.sync(both.slice(kept, kept + 1));
        sessions.publish(WORKLOAD, SNAPSHOT);
        assert.equal(session(`s${kept + 1}`).snapshots.value, SNAPSHOT);
      });
    }
  });

  it("nothing is known of a workload without a sidecar", () => {
    assert.equal(sessions.state(WORKLOAD), undefined);
    sessions.publish(WORKLOAD, SNAPSHOT);
  });

  it("a sidecar of an earlier start says nothing of this one", () => {
    sessions.sync([sidecarOf("a", "s1")]);
    sessions.accept(session("s1"), reportOf());
    const restarted = { ...WORKLOAD, startedAt: RESTARTED_AT };
    assert.equal(sessions.state(restarted), undefined);
    sessions.publish(restarted, SNAPSHOT);
    assert.equal(session("s1").snapshots.value, undefined);
  });

  it("an equal snapshot is not given again", async () => {
    sessions.sync([sidecarOf("a", "s1")]);
    const { snapshots } = session("s1");
    sessions.publish(WORKLOAD, SNAPSHOT);
    sessions.publish(WORKLOAD, { ...SNAPSHOT });
    assert.equal(snapshots.value, SNAPSHOT);
  });

  describe("a report", () => {
    beforeEach(() => sessions.sync([sidecarOf("a", "s1")]));

    it("is news the first time", () => {
      sessions.accept(session("s1"), reportOf());
      assert.deepEqual(news, ["a"]);
    });

    for (const [what, changes, isNews] of [
      ["counters", { counters: { ...reportOf().counters, inboundTls: 5 } }, false],
      ["memory", { residentBytes: 1 }, false],
      ["readiness", { ready: false }, true],
      ["the application", { application: "critical" }, true],
      ["the version in force", { version: "2" }, true],
      ["problems", { problems: ["port 21000 is in use"] }, true],
    ] as const) {
      it(`with another state of ${what} is ${isNews ? "news" : "no news"}`, () => {
        sessions.accept(session("s1"), reportOf());
        sessions.accept(session("s1"), reportOf(changes));
        assert.equal(news.length, isNews ? 2 : 1);
        assert.deepEqual(sessions.state(WORKLOAD)?.report, reportOf(changes));
      });
    }

    it("missed three times means that the sidecar is lost, until it reports again", () => {
      sessions.accept(session("s1"), reportOf());
      clock.advance(15_000);
      assert.equal(sessions.state(WORKLOAD)?.lost, false);
      clock.advance(1);
      assert.equal(sessions.state(WORKLOAD)?.lost, true);
      sessions.accept(session("s1"), reportOf());
      assert.equal(sessions.state(WORKLOAD)?.lost, false);
      assert.deepEqual(news, ["a", "a"]);
    });

    it("never given does not mean that the sidecar is lost", () => {
      clock.advance(60_000);
      assert.equal(sessions.state(WORKLOAD)?.lost, false);
    });
  });
});
