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
});
