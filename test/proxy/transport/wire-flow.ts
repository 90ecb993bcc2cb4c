// What every wire promises about the bytes: all of them, in order, and no more at a time than the other side takes.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { buffer, text } from "node:stream/consumers";
import { setImmediate as turn } from "node:timers/promises";
import { it } from "mocha";
import { eventually } from "../../helpers/eventually.ts";
import { Pattern } from "./pattern.ts";
import type { OpenWire } from "./wire-fixture.ts";
import { Recorder } from "./wire-rig.ts";

const MEGABYTE = 1_048_576;

export function describeFlow(open: () => Promise<OpenWire>): void {
  it("carries megabytes both ways at once, in order, with pauses in between", async () => {
    const { peer, recorder, wire } = await open();
    const sent = new Pattern(50 * MEGABYTE);
    const toWire = new Pattern(50 * MEGABYTE);
    const atWire = createHash("sha1");
    const atPeer = createHash("sha1");
    let reads = 0;
    recorder.onBytes = (bytes, end) => {
      Recorder.prototype.onBytes.call(recorder, bytes, end);
      recorder.received = [];
      atWire.update(bytes.subarray(0, end));
      reads += 1;
      if (reads % 50 !== 0) return;
      recorder.pause();
      setImmediate(() => recorder.resume());
    };
    const pump = (): void => {
      for (;;) {
        const bytes = sent.next();
        if (bytes === undefined) break;
        if (!recorder.send(bytes)) return;
      }
      recorder.end();
    };
    recorder.onDrain = pump;
    peer.socket.on("data", (bytes: Buffer) => atPeer.update(bytes)).resume();
    recorder.start();
    pump();
    for (let bytes = toWire.next(); bytes !== undefined; bytes = toWire.next()) {
      if (!peer.socket.write(Buffer.from(bytes))) await once(peer.socket, "drain");
    }
    peer.socket.end();
    await eventually(() => assert.equal(recorder.events.at(-1), "close"), { timeout: 30_000 });
    await eventually(() => assert.equal(peer.socket.readableEnded, true));
    assert.equal(atPeer.digest("hex"), sent.digest());
    assert.equal(atWire.digest("hex"), toWire.digest());
    assert.deepEqual(recorder.events, ["bytes", "end", "close"]);
    assert.equal(wire.pending, 0);
  }).timeout(40_000);

  it("keeps little for a peer that does not read, and tells when it has caught up", async () => {
    const { peer, recorder, wire } = await open();
    recorder.start();
    peer.socket.pause();
    const piece = Buffer.alloc(65_536, "x");
    let sent = 0;
    let isQuiet = false;
    while (!isQuiet) {
      let isKeepingUp = true;
      while (isKeepingUp) {
        isKeepingUp = recorder.send(piece);
        sent += piece.length;
        await turn();
      }
      recorder.events.length = 0;
      for (let turns = 0; turns < 50; turns += 1) await turn();
      isQuiet = recorder.events.length === 0 && wire.pending > 0;
    }
    assert(wire.pending > 0);
    assert(wire.pending <= 4 * piece.length, `${wire.pending} bytes are kept`);
    const all = buffer(peer.socket);
    await eventually(() => assert.deepEqual(recorder.events, ["drain"]));
    assert.equal(wire.pending, 0);
    recorder.end();
    assert.equal((await all).length, sent);
  });

  it("keeps what is sent although the peer is behind, in order", async () => {
    const { peer, recorder } = await open();
    recorder.start();
    peer.socket.pause();
    const pattern = new Pattern(24 * MEGABYTE);
    for (let bytes = pattern.next(); bytes !== undefined; bytes = pattern.next()) {
      recorder.send(bytes);
    }
    recorder.end();
    const all = await buffer(peer.socket);
    assert.equal(createHash("sha1").update(all).digest("hex"), pattern.digest());
  });

  it("sends many small outputs of one turn", async () => {
    const { peer, recorder } = await open();
    recorder.start();
    let expected = "";
    for (let index = 0; index < 1_000; index += 1) {
      recorder.send(`${index},`);
      expected += `${index},`;
    }
    recorder.end();
    assert.equal(await text(peer.socket), expected);
  });

  it("delivers first what was read before it was started, and not from inside start", async () => {
    const { peer, recorder, wire } = await open();
    peer.socket.write("early ");
    wire.connection.socket.resume().pause();
    await eventually(() => assert(wire.connection.socket.readableLength > 0));
    peer.socket.write("late");
    recorder.start();
    await eventually(() => assert.equal(recorder.text, "early late"));
  });

  it("delivers more than one read of early bytes in parts, up to an end that was early too", async () => {
    const { peer, recorder, wire } = await open();
    const bytes = Buffer.alloc(200_000, "0123456789");
    const { socket } = wire.connection;
    let seen = 0;
    socket.on("data", function look(chunk: Buffer) {
      seen += chunk.length;
      socket.pause();
      socket.off("data", look);
      socket.unshift(Buffer.concat([chunk, bytes]));
    });
    socket.resume();
    peer.socket.end("x");
    await eventually(() => assert.equal(seen, 1));
    recorder.start();
    peer.socket.resume();
    await eventually(() => assert.deepEqual(recorder.events, ["bytes", "end"]));
    assert.equal(recorder.text, `x${bytes.toString()}`);
  });

  it("reads nothing while paused, early bytes neither", async () => {
    const { peer, recorder, wire } = await open();
    peer.socket.write("early ");
    wire.connection.socket.resume().pause();
    await eventually(() => assert(wire.connection.socket.readableLength > 0));
    recorder.pause();
    recorder.start();
    await new Promise((resolve) => peer.socket.end("late", () => resolve(undefined)));
    for (let turns = 0; turns < 20; turns += 1) await turn();
    assert.deepEqual(recorder.events, []);
    recorder.resume();
    await eventually(() => assert.deepEqual(recorder.events, ["bytes", "end"]));
    assert.equal(recorder.text, "early late");
  });

  it("can be paused and resumed in the middle of what arrives", async () => {
    const { peer, recorder } = await open();
    let parts = 0;
    recorder.onBytes = (bytes, end) => {
      Recorder.prototype.onBytes.call(recorder, bytes, end);
      parts += 1;
      recorder.pause();
      if (parts % 2 === 0) recorder.resume();
      else setImmediate(() => recorder.resume());
    };
    recorder.start();
    const pattern = new Pattern(3 * MEGABYTE);
    for (let bytes = pattern.next(); bytes !== undefined; bytes = pattern.next()) {
      peer.socket.write(Buffer.from(bytes));
    }
    peer.socket.end();
    peer.socket.resume();
    await eventually(() => assert.equal(recorder.events.at(-1), "end"));
    const all = Buffer.concat(recorder.received);
    assert.equal(createHash("sha1").update(all).digest("hex"), pattern.digest());
  });
}
