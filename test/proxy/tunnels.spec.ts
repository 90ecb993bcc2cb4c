// Byte streams through a pair of sidecars: nothing is added, nothing is lost, each end is passed on by itself.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, it } from "mocha";
import type { PolicyDocument } from "../../mesh/policy/document.ts";
import { eventually } from "../helpers/eventually.ts";
import { freePort } from "../helpers/free-port.ts";
import {
  connectPair,
  dialOf,
  inboundPort,
  outboundService,
  SidecarRig,
} from "../helpers/sidecar-rig.ts";

const MEGABYTE = 1_048_576;

describe("byte streams through a pair of sidecars", () => {
  let rig: SidecarRig;
  beforeEach(async () => {
    rig = await SidecarRig.create();
  });
  afterEach(async () => {
    await rig[Symbol.asyncDispose]();
  });

  const dial = (at: { host: string; port: number }): Socket => {
    const socket = connect({ ...at, allowHalfOpen: true });
    socket.on("error", () => undefined);
    rig.defer(() => void socket.destroy());
    return socket;
  };

  it("carries bytes both ways", async () => {
    const port = await rig.tcpApplication((socket) => void socket.pipe(socket));
    const { at, caller, callee } = await connectPair(rig, port, "tcp");
    const socket = dial(at);
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
    socket.write(bytes);
    const [echoed] = await once(socket, "data");
    assert.deepEqual(echoed, bytes);
    assert.deepEqual(caller.sidecar.report().counters.outbound, { "shop-orders": 1 });
    assert.equal(callee.sidecar.report().counters.inboundTls, 1);
  });

  it("lets the server speak first", async () => {
    const port = await rig.tcpApplication((socket) => void socket.write("220 ready"));
    const { at } = await connectPair(rig, port, "tcp");
    const [greeting] = await once(dial(at).setEncoding("utf8"), "data");
    assert.equal(greeting, "220 ready");
  });

  it("passes the end of the caller's side on and keeps the answer coming", async () => {
    const port = await rig.tcpApplication(async (socket) => {
      const all = await text(socket);
      socket.end(`got ${all}`);
    });
    const { at } = await connectPair(rig, port, "tcp");
    const socket = dial(at);
    socket.end("everything");
    assert.equal(await text(socket), "got everything");
  });

  it("passes the end of the server's side on and keeps the caller's bytes coming", async () => {
    const received = Promise.withResolvers<string>();
    const port = await rig.tcpApplication(async (socket) => {
      socket.end("bye");
      received.resolve(await text(socket));
    });
    const { at } = await connectPair(rig, port, "tcp");
    const socket = dial(at);
    assert.equal(await text(socket), "bye");
    socket.end("still talking");
    assert.equal(await received.promise, "still talking");
  });

  it("passes a reset of the application on as a reset", async () => {
    const port = await rig.tcpApplication((socket) => {
      socket.write("part");
      socket.once("data", () => socket.resetAndDestroy());
    });
    const { at } = await connectPair(rig, port, "tcp");
    const socket = dial(at);
    await once(socket, "data");
    socket.write("go");
    const [error] = await once(socket, "error");
    assert.equal(error.code, "ECONNRESET");
  });

  it("passes a reset of the caller on as a reset", async () => {
    const accepted = Promise.withResolvers<Socket>();
    const port = await rig.tcpApplication((socket) => {
      accepted.resolve(socket);
      socket.write("ready");
    });
    const { at } = await connectPair(rig, port, "tcp");
    const socket = dial(at);
    await once(socket, "data");
    const application = await accepted.promise;
    socket.resetAndDestroy();
    const [error] = await once(application, "error");
    assert.equal(error.code, "ECONNRESET");
  });

  it("loses no descriptor when callers reset at any moment", async () => {
    const port = await rig.tcpApplication((socket) => void socket.pipe(socket));
    const { at } = await connectPair(rig, port, "tcp");
    const descriptors = async (): Promise<number> => (await readdir("/proc/self/fd")).length;
    const before = await descriptors();
    for (let round = 0; round < 200; round += 1) {
      const socket = dial(at);
      socket.write(Buffer.alloc(round * 1_000));
      const moment = round % 4;
      if (moment === 0) socket.once("connect", () => socket.resetAndDestroy());
      if (moment === 1) socket.once("data", () => socket.resetAndDestroy());
      if (moment === 2) setTimeout(() => socket.resetAndDestroy(), round % 7);
      if (moment === 3) socket.end().resume();
    }
    // Each way to go is taken 50 times; a few descriptors come and go with links that the sidecars keep ready.
    await eventually(async () => {
      const now = await descriptors();
      assert.ok(now <= before + 5, `${now} descriptors, ${before} before`);
    });
  });

  it("carries large streams whole, and holds them back for a slow reader", async () => {
    const total = 64;
    let sent = 0;
    const port = await rig.tcpApplication((socket) => {
      const chunk = Buffer.alloc(MEGABYTE, "x");
      const pump = (): void => {
        while (sent < total) {
          sent += 1;
          if (!socket.write(chunk)) return void socket.once("drain", pump);
        }
        socket.end();
      };
      pump();
    });
    const { at } = await connectPair(rig, port, "tcp");
    const socket = dial(at);
    let before = -1;
    await eventually(
      () => {
        const same = sent === before;
        before = sent;
        assert.ok(same && sent > 0, "still moving");
      },
      { interval: 300 },
    );
    assert.ok(sent < total / 2, `${sent} of ${total} MiB were taken`);
    let received = 0;
    for await (const chunk of socket) received += (chunk as Buffer).length;
    assert.equal(received, total * MEGABYTE);
  });

  it("resets when there is no endpoint, and when none can be reached", async () => {
    const caller = await rig.sidecar("shop-web");
    const none = await outboundService("shop-empty", [], { protocol: "tcp" });
    const dead = await outboundService("shop-dead", [await freePort(), await freePort()], {
      ...{ protocol: "tcp", address: "127.64.0.11" },
    });
    await caller.configure({ outbound: [none, dead] });
    for (const service of [none, dead]) {
      const [error] = await once(dial(dialOf(service)), "error");
      assert.equal(error.code, "ECONNRESET");
    }
    assert.equal(caller.sidecar.report().counters.outboundFailed, 2);
  });

  it("goes to another endpoint when one cannot be reached", async () => {
    const application = await rig.tcpApplication((socket) => void socket.end("here"));
    const callee = await rig.sidecar("shop-orders");
    const caller = await rig.sidecar("shop-web");
    const inbound = await inboundPort(application, { protocol: "tcp" });
    await callee.configure({ inbound: [inbound] });
    const outbound = await outboundService("shop-orders", [await freePort(), inbound.tlsPort], {
      protocol: "tcp",
    });
    await caller.configure({ outbound: [outbound] });
    for (let round = 0; round < 4; round += 1) {
      assert.equal(await text(dial(dialOf(outbound))), "here");
    }
    assert.equal(caller.sidecar.report().counters.outboundFailed, 0);
  });

  describe("to a service whose endpoints are chosen by keys", () => {
    /** Where a service with two copies is called; each says its name and ends. */
    const named = async (policy: PolicyDocument): Promise<{ host: string; port: number }> => {
      const ports = await Promise.all(
        ["first", "second"].map(async (name) => {
          const callee = await rig.sidecar("shop-orders");
          const application = await rig.tcpApplication((socket) => void socket.end(name));
          const inbound = await inboundPort(application, { protocol: "tcp" });
          await callee.configure({ inbound: [inbound] });
          return inbound.tlsPort;
        }),
      );
      const outbound = await outboundService("shop-orders", ports, { protocol: "tcp", policy });
      await (await rig.sidecar("shop-web")).configure({ outbound: [outbound] });
      return dialOf(outbound);
    };

    it("goes to all of them where there is nothing to make a key of", async () => {
      const policy = { "balance.algorithm": "ring-hash", "balance.hash-on": "header:x-user" };
      const at = await named(policy);
      const seen = new Set<string>();
      while (seen.size < 2) seen.add(await text(dial(at)));
      assert.deepEqual([...seen].sort(), ["first", "second"]);
    });

    it("stays with one where the key is the caller", async () => {
      const at = await named({ "balance.algorithm": "maglev", "balance.hash-on": "source" });
      const seen = new Set<string>();
      for (let stream = 0; stream < 12; stream += 1) seen.add(await text(dial(at)));
      assert.equal(seen.size, 1);
    });
  });

  it("resets plaintext callers when the application is not there", async () => {
    const { inbound } = await connectPair(rig, await freePort(), "tcp");
    const [error] = await once(
      dial({ host: "127.0.0.1", port: inbound.plaintextPort ?? 0 }),
      "error",
    );
    assert.equal(error.code, "ECONNRESET");
  });
});
