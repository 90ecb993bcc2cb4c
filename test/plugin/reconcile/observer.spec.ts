import assert from "node:assert/strict";
import { beforeEach, describe, it } from "mocha";
import type { Inspected } from "../../../plugin/docker/engine.ts";
import { type Inspector, Observer } from "../../../plugin/reconcile/observer.ts";
import { ManualClock } from "../../helpers/manual-clock.ts";
import { containerId, factsOf, sidecarOf } from "../../helpers/workloads.ts";

/** An engine whose containers a test sets, and which does not answer about some of them. */
class ScriptedInspector implements Inspector {
  readonly containers = new Map<string, Inspected>();
  readonly silentAbout = new Set<string>();
  inspected: string[] = [];
  /** What explicit sidecars have printed, and how often that was asked. */
  printed = "";
  readings = 0;
  /** Runs while a listing is on its way. */
  whileListing: () => void = () => undefined;
  /** Runs while an answer about a container is on its way. */
  whileInspecting: () => void = () => undefined;

  put(...entries: Inspected[]): void {
    for (const entry of entries) this.containers.set(entry.facts.id, entry);
  }

  async list(): Promise<string[]> {
    if (this.silentAbout.has("list")) throw new Error("no answer");
    const listed = [...this.containers.keys()];
    this.whileListing();
    return listed;
  }

  async introduction(): Promise<string> {
    this.readings += 1;
    return this.printed;
  }

  async inspect(id: string): Promise<Inspected | undefined> {
    this.inspected.push(id);
    await Promise.resolve();
    if (this.silentAbout.has(id)) throw new Error("no answer");
    const answer = this.containers.get(id);
    this.whileInspecting();
    return answer;
  }
}

function container(letter: string, changes: Parameters<typeof factsOf>[2] = {}): Inspected {
  return { kind: "container", facts: factsOf(`service-${letter}`, letter, changes) };
}

describe("the observer", () => {
  const { signal } = new AbortController();
  let engine: ScriptedInspector;
  let clock: ManualClock;
  let observer: Observer;

  const seen = (): string[] => observer.containers.map(({ id }) => id.charAt(0));
  const changed = (letter: string, action: string): boolean => {
    const id = { containerId: containerId(letter) };
    if (action !== "start") return observer.note({ kind: "changed", ...id, action });
    return observer.note({ kind: "started", ...id, containerName: letter, at: 0, labels: {} });
  };
  const signalled = (letter: string, name: string): boolean =>
    observer.note({ kind: "signalled", containerId: containerId(letter), signal: name });

  beforeEach(() => {
    engine = new ScriptedInspector();
    clock = new ManualClock();
    observer = new Observer(engine, clock);
  });

  it("sees what was there before it: running containers by name, sidecars by id", async () => {
    engine.put(
      container("b"),
      container("a"),
      container("c", { running: false }),
      { kind: "sidecar", facts: sidecarOf("b", "s2") },
      { kind: "sidecar", facts: sidecarOf("a", "s1", { running: false }) },
    );
    await observer.refresh(signal);
    assert.deepEqual(seen(), ["a", "b"]);
    assert.deepEqual(
      observer.sidecars.map(({ id }) => id),
      ["s1", "s2"],
    );
  });

  it("asks only about what changed", async () => {
    engine.put(container("a"), container("b"));
    await observer.refresh(signal);
    engine.inspected = [];
    await observer.refresh(signal);
    assert.deepEqual(engine.inspected, []);
    assert.equal(changed("b", "die"), true);
    await observer.refresh(signal);
    assert.deepEqual(engine.inspected, [containerId("b")]);
  });

  it("sees what starts between subscription and listing, though the list lacks it", async () => {
    observer.note({ kind: "subscribed" });
    engine.whileListing = () => {
      engine.put(container("a"));
      changed("a", "start");
    };
    await observer.refresh(signal);
    assert.deepEqual(seen(), ["a"]);
  });

  it("looks again at what changes while it looks", async () => {
    engine.put(container("a"));
    const refreshing = observer.refresh(signal);
    changed("a", "die");
    engine.put(container("a", { running: false }));
    await refreshing;
    await observer.refresh(signal);
    assert.deepEqual(seen(), []);
  });

  it("forgets what a new listing lacks, whose events were lost", async () => {
    engine.put(container("a"), container("b"));
    await observer.refresh(signal);
    signalled("a", "15");
    engine.containers.delete(containerId("a"));
    await observer.refresh(signal);
    assert.deepEqual(seen(), ["a", "b"]);
    assert.equal(observer.note({ kind: "lost", reason: "the stream ended" }), false);
    assert.equal(observer.note({ kind: "subscribed" }), true);
    await observer.refresh(signal);
    assert.deepEqual(seen(), ["b"]);
    assert.equal(observer.stoppingSince(containerId("a")), undefined);
  });

  it("forgets a container that is gone when it looks", async () => {
    engine.put(container("a"));
    await observer.refresh(signal);
    engine.containers.delete(containerId("a"));
    changed("a", "destroy");
    await observer.refresh(signal);
    assert.deepEqual(seen(), []);
  });

  it("keeps what it knows, and asks again, when the engine does not answer about a container", async () => {
    engine.put(container("a"), container("b"));
    await observer.refresh(signal);
    engine.put(container("a", { running: false }), container("b", { running: false }));
    engine.silentAbout.add(containerId("a"));
    changed("a", "die");
    changed("b", "die");
    await assert.rejects(observer.refresh(signal), /no answer/);
    assert.deepEqual(seen(), ["a"]);
    engine.silentAbout.clear();
    await observer.refresh(signal);
    assert.deepEqual(seen(), []);
  });

  it("loses none of many containers that it could not ask about", async () => {
    const letters = [..."abcdefghijklmnopqrstuvwxyz"];
    for (const letter of letters) {
      engine.put(container(letter));
      engine.silentAbout.add(containerId(letter));
    }
    await assert.rejects(observer.refresh(signal));
    engine.silentAbout.clear();
    await observer.refresh(signal);
    assert.deepEqual(seen(), letters);
  });

  it("lists again after a listing that failed", async () => {
    engine.put(container("a"));
    engine.silentAbout.add("list");
    await assert.rejects(observer.refresh(signal), /no answer/);
    engine.silentAbout.clear();
    await observer.refresh(signal);
    assert.deepEqual(seen(), ["a"]);
  });

  it("looks at what is new also when the listing fails", async () => {
    engine.put(container("a"));
    engine.silentAbout.add("list");
    observer.mark([containerId("a")]);
    await assert.rejects(observer.refresh(signal), /no answer/);
    assert.deepEqual(seen(), ["a"]);
  });

  describe("of a sidecar that stands in a compose file", () => {
    const explicit = (startedAt: string): Inspected => ({
      kind: "sidecar",
      facts: sidecarOf("a", "s1", {
        token: "",
        explicit: { startedAt, exitCode: 0, rules: "", tokenDigest: "" },
      }),
    });
    const digest = (): string | undefined => observer.sidecars[0]?.explicit?.tokenDigest;

    beforeEach(() => engine.put(explicit("2026-03-01T08:00:01Z")));

    it("reads once what it has printed of its token", async () => {
      engine.printed = "digest";
      await observer.refresh(signal);
      observer.markAll();
      await observer.refresh(signal);
      assert.equal(digest(), "digest");
      assert.equal(engine.readings, 1);
      assert.equal(observer.noteStranger(), false);
    });

    it("reads again when a stranger comes, until it has found it", async () => {
      await observer.refresh(signal);
      assert.equal(digest(), "");
      engine.printed = "digest";
      assert.equal(observer.noteStranger(), true);
      await observer.refresh(signal);
      assert.equal(digest(), "digest");
    });

    it("looks at it again when its workload has been started", async () => {
      engine.put(container("a"));
      await observer.refresh(signal);
      engine.inspected = [];
      changed("a", "start");
      await observer.refresh(signal);
      assert.deepEqual(engine.inspected.toSorted(), [containerId("a"), "s1"].sort());
    });

    it("reads again after another start of it", async () => {
      engine.printed = "digest";
      await observer.refresh(signal);
      engine.printed = "another digest";
      engine.put(explicit("2026-03-01T08:00:02Z"));
      observer.mark(["s1"]);
      await observer.refresh(signal);
      assert.equal(digest(), "another digest");
    });
  });

  describe("of a container that is being stopped", () => {
    beforeEach(async () => {
      engine.put(container("a"), { kind: "sidecar", facts: sidecarOf("a", "s1") });
      await observer.refresh(signal);
      clock.advance(500);
    });

    it("knows when its stop signal came", () => {
      assert.equal(signalled("a", "15"), true);
      assert.equal(observer.stoppingSince(containerId("a")), 500);
    });

    it("knows that it is not from its next start on", () => {
      signalled("a", "15");
      changed("a", "start");
      assert.equal(observer.stoppingSince(containerId("a")), undefined);
    });

    it("takes it for nothing else before it is seen to have ended", async () => {
      signalled("a", "15");
      changed("a", "die");
      assert.deepEqual(seen(), ["a"]);
      assert.equal(observer.stoppingSince(containerId("a")), 500);
      engine.put(container("a", { running: false }));
      await observer.refresh(signal);
      assert.deepEqual(seen(), []);
      assert.equal(observer.stoppingSince(containerId("a")), undefined);
    });

    it("does not believe a look that began before its stop signal", async () => {
      engine.put(container("a", { running: false }));
      changed("a", "start");
      engine.whileInspecting = () => void signalled("a", "15");
      await observer.refresh(signal);
      assert.equal(observer.stoppingSince(containerId("a")), 500);
    });

    for (const action of ["pause", "health_status: healthy"]) {
      it(`still knows after ${action}`, () => {
        signalled("a", "15");
        changed("a", action);
        assert.equal(observer.stoppingSince(containerId("a")), 500);
      });
    }

    it("takes no notice of signals that do not end it", () => {
      assert.equal(signalled("a", "1"), false);
      assert.equal(observer.stoppingSince(containerId("a")), undefined);
    });

    it("takes no notice of signals to sidecars and strangers", () => {
      assert.equal(observer.note({ kind: "signalled", containerId: "s1", signal: "15" }), false);
      assert.equal(signalled("z", "15"), false);
    });
  });
});
