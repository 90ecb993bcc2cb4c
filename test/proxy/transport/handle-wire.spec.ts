// What only wires on handles promise.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { eventually } from "../../helpers/eventually.ts";
import { Recorder, WireRig } from "./wire-rig.ts";

describe("the handle wire", () => {
  it("counts what is pending by the byte over TCP, so that slow progress shows as progress", async () => {
    await using rig = await WireRig.create("plain");
    const { wire, peer } = await rig.open("handle", "dialed");
    const recorder = new Recorder(wire).start();
    const { socket } = peer;
    socket.pause();
    // One write, larger than all buffers of the kernel together.
    const piece = Buffer.alloc(65_536);
    while (recorder.send(piece));
    for (let count = 0; count < 320; count += 1) recorder.send(piece);
    let pending = wire.pending;
    let steps = 0;
    while (pending > 0) {
      socket.resume();
      await eventually(() => assert(wire.pending < pending), { interval: 1 });
      socket.pause();
      pending = wire.pending;
      steps += 1;
    }
    assert(steps > 2, `${steps} steps`);
  });

  it("keeps nothing of what arrives after it was closed, also when it was paused", async () => {
    await using rig = await WireRig.create("plain");
    const { wire, peer } = await rig.open("handle", "dialed");
    const recorder = new Recorder(wire).start();
    recorder.pause();
    recorder.close();
    const before = process.memoryUsage().arrayBuffers;
    const piece = Buffer.alloc(1_024 * 1_024);
    for (let sent = 1; sent < 32; sent += 1) peer.socket.write(piece);
    await new Promise((resolve) => peer.socket.write(piece, resolve));
    assert(process.memoryUsage().arrayBuffers - before < 8 * piece.length);
  });
});
