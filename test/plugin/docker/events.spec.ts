import assert from "node:assert/strict";
import { PassThrough, Readable } from "node:stream";
import { describe, it } from "mocha";
import { MeshError } from "../../../mesh/errors.ts";
import { silentLog } from "../../../mesh/log.ts";
import {
  type EngineEvent,
  type EventSource,
  followEvents,
  readEvent,
  readLines,
} from "../../../plugin/docker/events.ts";
import { eventually } from "../../helpers/eventually.ts";
import { ManualClock } from "../../helpers/manual-clock.ts";

const ID = "2201cedc79deb882e40d684fa8cfe4af88a6da812768c96bac3846d1e54ba91e";

function containerEvent(action: string, attributes: Record<string, string> = {}): string {
  return JSON.stringify({
    status: action,
    id: ID,
    from: "shop/orders",
    Type: "container",
    Action: action,
    Actor: { ID, Attributes: { image: "shop/orders", name: "shop-orders-1", ...attributes } },
    scope: "local",
    time: 1_772_330_619,
  });
}

function networkEvent(action: string, attributes: Record<string, string>): string {
  const actor = {
    ID: "network",
    Attributes: { name: "shop_default", type: "bridge", ...attributes },
  };
  return JSON.stringify({ Type: "network", Action: action, Actor: actor, scope: "local" });
}

describe("an event of the engine", () => {
  for (const action of [
    "pause",
    "unpause",
    "update",
    "rename",
    "destroy",
    "health_status: healthy",
    "health_status: unhealthy",
  ]) {
    it(`${action} says to look at the container again`, () => {
      assert.deepEqual(readEvent(containerEvent(action)), {
        kind: "changed",
        containerId: ID,
        action,
      });
    });
  }

  for (const action of ["create", "die"]) {
    it(`${action} says so, too, and tells the container's name and labels`, () => {
      const line = containerEvent(action, { "mesh.hold": "true" });
      const labels = { image: "shop/orders", name: "shop-orders-1", "mesh.hold": "true" };
      assert.deepEqual(readEvent(line), { kind: "changed", containerId: ID, action, labels });
    });
  }

  it("start tells the container's name and labels, and a time that its start was not after", () => {
    const line = containerEvent("start", { "mesh.hold": "true" });
    const event = readEvent(line.replace(/}$/, ',"timeNano":1772330619123456789}'));
    const labels = { image: "shop/orders", "mesh.hold": "true" };
    assert.deepEqual(event, {
      ...{ kind: "started", containerId: ID, containerName: "shop-orders-1" },
      ...{ at: 1_772_330_619_124, labels },
    });
  });

  for (const action of ["connect", "disconnect"]) {
    it(`${action} of a network says to look at the container that it names`, () => {
      assert.deepEqual(readEvent(networkEvent(action, { container: ID })), {
        kind: "changed",
        containerId: ID,
        action,
      });
    });
  }

  it("kill tells the signal", () => {
    const event = readEvent(containerEvent("kill", { signal: "3" }));
    assert.deepEqual(event, { kind: "signalled", containerId: ID, signal: "3" });
  });

  it("kill without a signal is the stop signal", () => {
    const event = readEvent(containerEvent("kill"));
    assert.deepEqual(event, { kind: "signalled", containerId: ID, signal: "15" });
  });

  it("of a service says to look at the services", () => {
    const actor = { ID: "s1", Attributes: { name: "shop_orders", "updatestate.new": "updating" } };
    const event = { Type: "service", Action: "update", Actor: actor, scope: "swarm" };
    assert.deepEqual(readEvent(JSON.stringify(event)), { kind: "service" });
  });

  for (const [what, line] of [
    ["exec_create: sh -c start", containerEvent("exec_create: sh -c start")],
    ["exec_start: die", containerEvent("exec_start: die")],
    ["exec_die", containerEvent("exec_die", { exitCode: "0" })],
    ["attach", containerEvent("attach")],
    ["top", containerEvent("top")],
    ["oom", containerEvent("oom")],
    ["create of a network", networkEvent("create", {})],
    ["an event without action", JSON.stringify({ Type: "container", Actor: { ID } })],
    ["an event without actor", JSON.stringify({ Type: "container", Action: "start" })],
    ["an empty object", "{}"],
  ] as const) {
    it(`${what} does not matter`, () => {
      assert.equal(readEvent(line), undefined);
    });
  }
});

describe("lines of the event stream", () => {
  const text = '{"name":"grüße-😀"}\n\n  \r\n{"a":1}\n{"b":2}\n{"cut off';
  const lines = ['{"name":"grüße-😀"}', '{"a":1}', '{"b":2}'];
  const bytes = Buffer.from(text);

  for (const size of [1, 2, 3, 7, bytes.length]) {
    it(`are whole though the engine sends ${size} bytes at a time`, async () => {
      const chunks: Buffer[] = [];
      for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
      const read: string[] = [];
      const stream = Readable.from(chunks, { objectMode: false });
      for await (const line of readLines(stream)) read.push(line);
      assert.deepEqual(read, lines);
    });
  }
});

/** An engine whose event streams a test writes to and cuts. */
class ScriptedEvents implements EventSource {
  readonly streams: PassThrough[] = [];
  refusing = false;

  async openEvents(): Promise<NodeJS.ReadableStream> {
    if (this.refusing) throw new MeshError("ENGINE_UNAVAILABLE", "connection refused");
    const stream = new PassThrough();
    this.streams.push(stream);
    return stream;
  }

  write(line: string): void {
    this.streams.at(-1)?.write(`${line}\n`);
  }
}

describe("following the engine's events", () => {
  /** The events as words, while a test acts on the engine and lets time pass. */
  const follow = async (
    act: (
      engine: ScriptedEvents,
      seen: (...words: string[]) => Promise<void>,
      clock: ManualClock,
    ) => Promise<void>,
  ): Promise<void> => {
    const [engine, clock, stop] = [new ScriptedEvents(), new ManualClock(), new AbortController()];
    const words: string[] = [];
    const following = (async () => {
      for await (const event of followEvents(engine, clock, silentLog, stop.signal)) {
        words.push(wordOf(event));
      }
    })();
    const seen = (...expected: string[]): Promise<void> =>
      eventually(() => assert.deepEqual(words, expected), { interval: 1 });
    try {
      await act(engine, seen, clock);
    } finally {
      stop.abort();
      for (const stream of engine.streams) stream.destroy();
      await following;
    }
  };

  const wordOf = (event: EngineEvent): string =>
    event.kind === "changed" ? event.action : event.kind;
  const reconnect = async (clock: ManualClock): Promise<void> => {
    await eventually(() => assert.equal(clock.sleeping, 1), { interval: 1 });
    clock.advance(5_000);
  };

  it("says first that it is subscribed: what was before must be listed", async () => {
    await follow(async (engine, seen) => {
      await seen("subscribed");
      engine.write(containerEvent("start"));
      engine.write(containerEvent("exec_die"));
      engine.write(containerEvent("kill", { signal: "15" }));
      await seen("subscribed", "started", "signalled");
    });
  });

  it("says that it lost the stream, comes back, and says that it is subscribed again", async () => {
    await follow(async (engine, seen, clock) => {
      await seen("subscribed");
      engine.streams[0]?.end();
      await seen("subscribed", "lost");
      await reconnect(clock);
      await seen("subscribed", "lost", "subscribed");
      engine.streams[1]?.destroy(new Error("socket hang up"));
      await seen("subscribed", "lost", "subscribed", "lost");
    });
  });

  it("asks again for as long as the engine is away", async () => {
    await follow(async (engine, seen, clock) => {
      await seen("subscribed");
      engine.refusing = true;
      engine.streams[0]?.end();
      await reconnect(clock);
      await seen("subscribed", "lost", "lost");
      engine.refusing = false;
      await reconnect(clock);
      await seen("subscribed", "lost", "lost", "subscribed");
    });
  });

  for (const line of ["{", "null", "[]x", '{"Type":"container","Action":7,"Actor":{"ID":"a"}}']) {
    it(`takes ${line} for a broken stream, closes it and subscribes anew`, async () => {
      await follow(async (engine, seen, clock) => {
        await seen("subscribed");
        engine.write(line);
        await seen("subscribed", "lost");
        assert.equal(engine.streams[0]?.destroyed, true);
        await reconnect(clock);
        await seen("subscribed", "lost", "subscribed");
      });
    });
  }
});
