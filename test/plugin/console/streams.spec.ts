import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "mocha";
import type { ConsoleView } from "../../../plugin/console/view.ts";
import type { MeshStatus } from "../../../plugin/status.ts";
import type { TapFilter } from "../../../plugin/tap/tap-event.ts";
import { eventually } from "../../helpers/eventually.ts";
import { ManualClock } from "../../helpers/manual-clock.ts";
import { exampleStatus } from "../commands/example-status.ts";
import { ConsoleRig, type EventReader, type LoggedIn } from "./console-rig.ts";

/** More than the sockets between two ends of loopback take, so that a client that does not read stops its stream. */
const LARGE = 8_000_000;

describe("the streams of the console", () => {
  let clock: ManualClock;
  let rig: ConsoleRig;
  let admin: LoggedIn;
  let status: MeshStatus;
  let looks: number;

  beforeEach(async () => {
    clock = new ManualClock();
    status = exampleStatus;
    looks = 0;
    const look = (): MeshStatus => {
      looks += 1;
      return status;
    };
    rig = await ConsoleRig.start({ clock, status: look });
    admin = await rig.logIn();
  });

  afterEach(async () => {
    await rig[Symbol.asyncDispose]();
  });

  function change(node: string): void {
    status = { ...exampleStatus, agent: { ...exampleStatus.agent, node } };
  }

  /** All streams wait for time to pass: each has a heartbeat and a next look, and each session an end. */
  async function untilWaiting(streams: number): Promise<void> {
    await eventually(() => assert.ok(clock.sleeping >= 2 * streams + 1, `${clock.sleeping} wait`));
  }

  async function pass(milliseconds: number, streams = 1): Promise<void> {
    await untilWaiting(streams);
    clock.advance(milliseconds);
    await untilWaiting(streams);
  }

  async function view(reader: EventReader): Promise<ConsoleView> {
    return JSON.parse((await reader.next()) ?? "null");
  }

  it("show the mesh at once, as a browser's EventSource reads it", async () => {
    const reader = await rig.listen("/api/events", admin);
    assert.equal(reader.response.headers["content-type"], "text/event-stream; charset=utf-8");
    assert.equal(reader.response.headers["cache-control"], "no-store");
    assert.deepEqual(await view(reader), {
      ...{ at: clock.wall(), edges: [] },
      status: JSON.parse(JSON.stringify(exampleStatus)),
    });
    reader.close();
  });

  it("show it again when it has changed, at most once a second", async () => {
    const reader = await rig.listen("/api/events", admin);
    await view(reader);
    change("one");
    await pass(999);
    change("two");
    await pass(1);
    assert.equal((await view(reader)).status.agent.node, "two");
    await pass(1_000);
    await pass(1_000);
    change("three");
    await pass(1_000);
    const { at, status: shown } = await view(reader);
    assert.deepEqual([at, shown.agent.node], [clock.wall(), "three"]);
    reader.close();
  });

  it("say every 15 s that somebody is there", async () => {
    const reader = await rig.listen("/api/events", admin);
    await view(reader);
    for (let second = 0; second < 15; second += 1) await pass(1_000);
    assert.equal(await reader.next(), ":");
    reader.close();
  });

  it("compute nothing while nobody looks, and once for all who look", async () => {
    assert.equal(looks, 0);
    const readers = [
      await rig.listen("/api/events", admin),
      await rig.listen("/api/events", admin),
    ];
    for (const reader of readers) await view(reader);
    assert.equal(looks, 1);
    change("other");
    await pass(1_000, 2);
    for (const reader of readers) assert.equal((await view(reader)).status.agent.node, "other");
    assert.equal(looks, 2);
    for (const reader of readers) reader.close();
    await eventually(() => assert.equal(clock.sleeping, 1));
    clock.advance(60_000);
    assert.equal(looks, 2);
  });

  it("queue nothing for a page that does not read: it gets what is newest when it reads again", async () => {
    const reader = await rig.listen("/api/events", admin);
    reader.response.pause();
    change("x".repeat(LARGE));
    await pass(1_000);
    // The stream waits now for its reader, so that nothing more is computed for it.
    await eventually(() => assert.equal(looks, 2));
    for (let second = 0; second < 10; second += 1) {
      change(`at ${second}`);
      await pass(1_000);
    }
    assert.equal(looks, 2);
    const shown = [await view(reader), await view(reader)].map((each) => each.status.agent.node);
    await pass(1_000);
    assert.deepEqual(
      [...shown, (await view(reader)).status.agent.node].map((node) => node.slice(0, 5)),
      [exampleStatus.agent.node.slice(0, 5), "xxxxx", "at 9"],
    );
    reader.close();
  });

  it("drop a page that does not read for 30 s", async () => {
    const reader = await rig.listen("/api/events", admin);
    reader.response.pause();
    change("x".repeat(LARGE));
    await pass(1_000);
    await eventually(() => assert.equal(looks, 2));
    await pass(15_000);
    clock.advance(15_000);
    reader.response.resume();
    await reader.closed;
    assert.equal(reader.response.complete, false);
    await eventually(() => assert.equal(clock.sleeping, 1));
  });

  it("are so many at a time, and a place that is left is free", async () => {
    const other = await rig.logIn();
    const readers: EventReader[] = [];
    for (let count = 0; count < 64; count += 1)
      readers.push(await rig.listen("/api/events", count % 2 === 0 ? admin : other));
    await assert.rejects(rig.listen("/api/events", admin), /^Error: 429 .*TOO_MANY_REQUESTS/);
    readers.pop()?.close();
    const last = await eventually(async () => await rig.listen("/api/events", admin));
    for (const reader of [...readers, last]) reader.close();
  });

  it("leave a session room for other things, but not for any number of them", async () => {
    const readers: EventReader[] = [];
    for (let count = 0; count < 48; count += 1)
      readers.push(await rig.listen("/api/events", admin));
    assert.equal((await rig.ask("/api/intentions", { as: admin })).status, 429);
    assert.equal((await rig.ask("/api/session", { as: admin })).status, 200);
    for (const reader of readers) reader.close();
    await eventually(async () =>
      assert.equal((await rig.ask("/api/intentions", { as: admin })).status, 200),
    );
  });

  it("end when their owner logs out, and those of others go on", async () => {
    const viewer = await rig.logIn("viewer");
    const [ended, going] = [
      await rig.listen("/api/events", admin),
      await rig.listen("/api/events", viewer),
    ];
    await view(ended);
    await view(going);
    await rig.ask("/api/session", { method: "DELETE", as: admin });
    assert.equal(await ended.next(), undefined);
    change("later");
    await pass(1_000);
    assert.equal((await view(going)).status.agent.node, "later");
    going.close();
  });

  it("answer nothing but GET", async () => {
    for (const target of ["/api/events", "/api/tap"])
      for (const method of ["HEAD", "POST"])
        assert.equal((await rig.ask(target, { method, as: admin })).status, 405);
  });

  describe("of live requests", () => {
    it("show what the tap sees by the filter in the query", async () => {
      const filters: TapFilter[] = [];
      const gap = { dropped: 7 };
      await rig[Symbol.asyncDispose]();
      rig = await ConsoleRig.start({
        resolve: (service) => `shop-${service}`,
        taps: {
          open: (filter) => {
            filters.push(filter);
            return (async function* () {
              yield gap;
            })();
          },
        },
      });
      admin = await rig.logIn();
      const reader = await rig.listen("/api/tap?service=orders&status=5xx&path=%2Fa", admin);
      assert.deepEqual(JSON.parse((await reader.next()) ?? ""), gap);
      assert.equal(await reader.next(), undefined);
      const [{ service, status: wanted, pathPrefix } = {}] = filters as Partial<TapFilter>[];
      assert.deepEqual([service, wanted, pathPrefix], ["shop-orders", "5xx", "/a"]);
    });

    it("say what is wrong with a filter", async () => {
      const { status: code, body } = await rig.ask("/api/tap?bogus=1", { as: admin });
      assert.deepEqual([code, JSON.parse(body).error.code], [400, "FILTER_INVALID"]);
    });
  });

  it("show intentions in the words of policies", async () => {
    const { body } = await rig.ask("/api/intentions", { as: admin });
    assert.deepEqual(JSON.parse(body), { defaultAction: "allow", intentions: [], problems: [] });
  });
});
