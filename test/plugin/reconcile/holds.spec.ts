import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { silentLog } from "../../../mesh/log.ts";
import type { StartEvent } from "../../../plugin/docker/events.ts";
import { ContainerRecord } from "../../../plugin/reconcile/container-record.ts";
import { Holds } from "../../../plugin/reconcile/holds.ts";
import { eventually } from "../../helpers/eventually.ts";
import { ManualClock } from "../../helpers/manual-clock.ts";
import { ScriptedEngine } from "../../helpers/scripted-engine.ts";
import { containerId, factsOf, STARTED_AT } from "../../helpers/workloads.ts";

const A = containerId("a");
const STARTED = Date.parse(STARTED_AT) + 1;
const ASKING = { "mesh.enable": "true", "mesh.hold": "true", "mesh.port": "8080" };

function startOf(labels: StartEvent["labels"] = ASKING, at = STARTED): StartEvent {
  return { kind: "started", containerId: A, containerName: "shop-orders-1", at, labels };
}

describe("applications that start", () => {
  const fast = { interval: 1 };
  const { signal } = new AbortController();
  let directory: string;
  let engine: ScriptedEngine;
  let changed: string[];
  let holds: Holds;
  let clock: ManualClock;

  const open = async (): Promise<Holds> =>
    new Holds({
      engine,
      record: await ContainerRecord.open(directory),
      clock,
      log: silentLog,
      onChanged: (ids) => changed.push(...ids),
    });

  /** Container, start and state of each hold that a pass may judge. */
  const settled = (): string[] =>
    holds.settled.map(
      ({ containerName, startedBy, givenUp }) =>
        `${containerName} by ${startedBy - STARTED} ${givenUp ? "given up" : "held"}`,
    );

  const untilSettled = (...expected: string[]): Promise<void> =>
    eventually(() => assert.deepEqual(settled(), expected), fast);

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "mesh-holds-"));
    engine = new ScriptedEngine();
    clock = new ManualClock();
    engine.put({ kind: "container", facts: factsOf("orders", "a") });
    changed = [];
    holds = await open();
  });

  afterEach(async () => {
    await holds[Symbol.asyncDispose]();
    await rm(directory, { recursive: true });
  });

  it("are paused when they ask for it, and written down", async () => {
    holds.note(startOf());
    assert.equal(holds.holds(A), true);
    await untilSettled("shop-orders-1 by 0 held");
    assert.equal(engine.isPaused(A), true);
    assert.deepEqual(await readdir(directory), [`${A}@${STARTED}`]);
    assert.deepEqual(changed, [A]);
  });

  for (const [what, labels] of Object.entries({
    "do not ask": { "mesh.enable": "true" },
    "say that they do not": { ...ASKING, "mesh.hold": "false" },
    "are not in the mesh": { ...ASKING, "mesh.enable": "false" },
    "have wrong labels": { ...ASKING, "mesh.port": "0" },
  })) {
    it(`are left alone when they ${what}`, () => {
      holds.note(startOf(labels));
      assert.equal(holds.holds(A), false);
      assert.deepEqual(engine.calls, []);
    });
  }

  it("are not ours when somebody else has paused them first", async () => {
    await engine.pause(A);
    holds.note(startOf());
    await eventually(() => assert.equal(holds.holds(A), false), fast);
    await holds[Symbol.asyncDispose]();
    assert.deepEqual(await readdir(directory), []);
    assert.equal(engine.isPaused(A), true);
  });

  it("are held by their newest start when they start anew while the engine is asked", async () => {
    const answer = Promise.withResolvers<void>();
    engine.hold("pause", answer.promise);
    holds.note(startOf());
    await eventually(() => assert.equal(engine.calls.length, 1), fast);
    holds.note(startOf(ASKING, STARTED + 5));
    assert.deepEqual(settled(), []);
    answer.resolve();
    await untilSettled("shop-orders-1 by 5 held");
    await eventually(async () =>
      assert.deepEqual(await readdir(directory), [`${A}@${STARTED + 5}`]),
    );
  });

  it("are paused at their newest start when the one before had ended first", async () => {
    const [ended, answer] = [engine.containers.get(A), Promise.withResolvers<void>()];
    assert.ok(ended);
    engine.containers.delete(A);
    engine.hold("pause", answer.promise);
    holds.note(startOf());
    await eventually(() => assert.equal(engine.calls.length, 1), fast);
    holds.note(startOf(ASKING, STARTED + 5));
    const again = Promise.withResolvers<void>();
    engine.hold("pause", again.promise);
    answer.resolve();
    await eventually(() => assert.equal(engine.calls.length, 2), fast);
    engine.put(ended);
    again.resolve();
    await untilSettled("shop-orders-1 by 5 held");
    assert.equal(engine.isPaused(A), true);
  });

  describe("that the engine has told of before", () => {
    const changed = (action: string, labels?: StartEvent["labels"]): boolean =>
      holds.note({ kind: "changed", containerId: A, action, ...(labels && { labels }) });

    for (const action of ["create", "die"]) {
      it(`by ${action}, are paused while they are being started`, async () => {
        assert.equal(changed(action, { ...ASKING, name: "shop-orders-1" }), false);
        assert.equal(changed("connect"), true);
        await untilSettled("shop-orders-1 by Infinity held");
        assert.equal(changed("connect"), false);
        assert.equal(holds.note(startOf()), false);
        assert.deepEqual(settled(), ["shop-orders-1 by 0 held"]);
        assert.deepEqual(engine.calls, [`pause ${A}`]);
        assert.deepEqual(await readdir(directory), [`${A}@${STARTED}`]);
      });
    }

    it("are paused once, when the engine tells of their start before it answers", async () => {
      const answer = Promise.withResolvers<void>();
      engine.hold("pause", answer.promise);
      changed("create", ASKING);
      changed("connect");
      await eventually(() => assert.equal(engine.calls.length, 1), fast);
      holds.note(startOf());
      answer.resolve();
      await untilSettled("shop-orders-1 by 0 held");
      assert.equal(engine.calls.length, 1);
    });

    it("are not held when they are connected and do not start, and are when they do", async () => {
      const created = engine.containers.get(A);
      assert.ok(created);
      engine.containers.delete(A);
      changed("create", ASKING);
      changed("connect");
      await eventually(() => assert.equal(holds.holds(A), false), fast);
      engine.put(created);
      changed("connect");
      await untilSettled(`${A} by Infinity held`);
    });

    it("are left alone when they run and are connected to one more network", () => {
      changed("create", { ...ASKING, "mesh.hold": "false" });
      assert.equal(changed("connect"), false);
      changed("create", ASKING);
      holds.note(startOf({}));
      assert.equal(changed("connect"), false);
      assert.deepEqual(engine.calls, []);
    });

    it("are held as well when the engine did not answer in time and paused them all the same", async () => {
      engine.fail("pause", "no answer", "ENGINE_UNAVAILABLE");
      changed("create", ASKING);
      changed("connect");
      await eventually(() => assert.equal(engine.calls.length, 1), fast);
      await eventually(() => assert.equal(holds.holds(A), true), fast);
      engine.heal();
      await engine.pause(A);
      await eventually(() => assert.equal(holds.note(startOf()), true), fast);
      await untilSettled("shop-orders-1 by 0 held");
    });

    describe("and whose record cannot be written any more", () => {
      /** The name of the new file is taken by a directory that is not empty. */
      const block = async (): Promise<void> =>
        void (await mkdir(join(directory, `${A}@${STARTED}`, "full"), { recursive: true }));
      const unblock = async (): Promise<void> =>
        await rm(join(directory, `${A}@${STARTED}`), { recursive: true });

      it("stay held, and are let go, when they were paused before their start was told of", async () => {
        changed("create", { ...ASKING, name: "shop-orders-1" });
        changed("connect");
        await untilSettled("shop-orders-1 by Infinity held");
        await block();
        assert.equal(holds.note(startOf()), false);
        assert.deepEqual(settled(), ["shop-orders-1 by 0 held"]);
        await unblock();
        assert.deepEqual(await readdir(directory), [`${A}@Infinity`]);
      });

      it("stay held when the engine tells of their start before it answers", async () => {
        const answer = Promise.withResolvers<void>();
        engine.hold("pause", answer.promise);
        changed("create", ASKING);
        changed("connect");
        await eventually(() => assert.equal(engine.calls.length, 1), fast);
        holds.note(startOf());
        await block();
        answer.resolve();
        await untilSettled("shop-orders-1 by 0 held");
        await unblock();
        assert.equal(engine.isPaused(A), true);
      });

      it("stay held when the engine may have paused them without an answer", async () => {
        engine.fail("pause", "no answer", "ENGINE_UNAVAILABLE");
        changed("create", ASKING);
        changed("connect");
        await eventually(() => assert.equal(engine.calls.length, 1), fast);
        engine.heal();
        await engine.pause(A);
        await block();
        await eventually(() => assert.equal(holds.note(startOf()), true), fast);
        await untilSettled("shop-orders-1 by 0 held");
        await unblock();
      });
    });

    it("are judged by what they are when their start is never told of", async () => {
      engine.fail("pause", "no answer", "ENGINE_UNAVAILABLE");
      changed("create", { ...ASKING, name: "shop-orders-1" });
      changed("connect");
      await eventually(() => assert.equal(engine.calls.length, 1), fast);
      engine.heal();
      assert.deepEqual(settled(), []);
      clock.advance(60_000);
      await untilSettled("shop-orders-1 by Infinity held");
    });

    it("run on when the agent ends while it does not know whether they were paused", async () => {
      engine.fail("pause", "no answer", "ENGINE_UNAVAILABLE");
      changed("create", ASKING);
      changed("connect");
      await eventually(() => assert.equal(engine.calls.length, 1), fast);
      engine.heal();
      await engine.pause(A);
      await holds[Symbol.asyncDispose]();
      assert.equal(engine.isPaused(A), false);
    });

    it("stay paused when the agent ends before the rules are there that must hold them", async () => {
      holds.note(startOf());
      await untilSettled("shop-orders-1 by 0 held");
      const [hold] = holds.settled;
      assert.ok(hold !== undefined);
      const outlook = { waitsFor: "the redirection is not installed yet", confined: true } as const;
      holds.look([{ ...hold, facts: undefined, heldFor: 0, stopping: false, outlook }]);
      await holds[Symbol.asyncDispose]();
      assert.equal(engine.isPaused(A), true);
    });

    it("are forgotten when they end", async () => {
      holds.note(startOf());
      await untilSettled("shop-orders-1 by 0 held");
      changed("die", ASKING);
      assert.deepEqual(settled(), []);
      await eventually(async () => assert.deepEqual(await readdir(directory), []), fast);
    });
  });

  it("are not held where the engine cannot pause, which is told until they end", async () => {
    engine.fail("pause", "no freezer");
    holds.note(startOf());
    await untilSettled("shop-orders-1 by 0 given up");
    const [problem] = holds.problems;
    assert.match(problem?.message ?? "", /found that no freezer; the application runs unheld/);
    assert.equal(problem?.subject, "shop-orders-1");
    await eventually(async () => assert.deepEqual(await readdir(directory), []), fast);
    const [hold] = holds.settled;
    assert.ok(hold);
    await holds.forget(hold);
    assert.deepEqual(holds.problems, []);
  });

  it("run on when they are resumed, and nothing is left of it", async () => {
    holds.note(startOf());
    await untilSettled("shop-orders-1 by 0 held");
    const [hold] = holds.settled;
    assert.ok(hold);
    await holds.resume(hold, undefined, signal);
    assert.equal(engine.isPaused(A), false);
    assert.deepEqual(settled(), []);
    assert.deepEqual(await readdir(directory), []);
  });

  it("whose sidecar is late run on with a problem", async () => {
    holds.note(startOf());
    await untilSettled("shop-orders-1 by 0 held");
    const [hold] = holds.settled;
    assert.ok(hold);
    await holds.resume(hold, "too late", signal);
    assert.deepEqual(settled(), ["shop-orders-1 by 0 given up"]);
    assert.deepEqual(holds.problems, [
      { subject: "shop-orders-1", code: "SIDECAR_PROBLEM", message: "too late" },
    ]);
    assert.equal(holds.holds(A), false);
    assert.deepEqual(await readdir(directory), []);
  });

  it("stay held when what is resumed or forgotten is an earlier start of theirs", async () => {
    holds.note(startOf(ASKING, STARTED + 5));
    await untilSettled("shop-orders-1 by 5 held");
    await holds.forget({ containerId: A, containerName: "shop-orders-1", startedBy: STARTED });
    assert.deepEqual(settled(), ["shop-orders-1 by 5 held"]);
  });

  it("are known to the next agent when theirs was killed", async () => {
    holds.note(startOf());
    await untilSettled("shop-orders-1 by 0 held");
    const next = await open();
    assert.deepEqual(
      next.settled.map(({ containerId: id, startedBy }) => [id, startedBy]),
      [[A, STARTED]],
    );
    assert.equal(next.holds(A), true);
  });

  it("run on when the agent ends in good order", async () => {
    holds.note(startOf());
    await holds[Symbol.asyncDispose]();
    assert.equal(engine.isPaused(A), false);
    assert.deepEqual(await readdir(directory), []);
  });
});
