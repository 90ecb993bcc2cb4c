// What every wire promises about its end: who hears of it, what still arrives, and that nothing stays behind.
import assert from "node:assert/strict";
import { once } from "node:events";
import { buffer, text } from "node:stream/consumers";
import { setImmediate as turn } from "node:timers/promises";
import { it } from "mocha";
import { Output, type Surrendered } from "../../../proxy/transport/output.ts";
import { eventually } from "../../helpers/eventually.ts";
import { muteWarnings } from "../../helpers/warnings.ts";
import { closed, type OpenWire } from "./wire-fixture.ts";

export function describeEndings(open: () => Promise<OpenWire>): void {
  it("tells the end of the peer's side and goes on sending", async () => {
    const { peer, recorder, wire } = await open();
    recorder.start();
    peer.socket.end("request");
    await eventually(() => assert.deepEqual(recorder.events, ["bytes", "end"]));
    assert.equal(wire.closed, false);
    recorder.send("response");
    recorder.end();
    assert.equal(await text(peer.socket), "response");
    await closed(recorder);
    assert.deepEqual(recorder.events, ["bytes", "end", "close"]);
    assert.equal(wire.closed, true);
  });

  it("ends its own side and goes on receiving", async () => {
    const { peer, recorder, wire } = await open();
    recorder.start();
    recorder.send("request");
    recorder.end();
    assert.equal(await text(peer.socket), "request");
    assert.equal(recorder.send("too late"), true);
    assert.equal(wire.closed, false);
    peer.socket.end("response");
    await closed(recorder);
    assert.equal(recorder.text, "response");
    assert.deepEqual(recorder.events, ["bytes", "end", "close"]);
  });

  it("resets: the peer cannot take it for an end", async () => {
    const { peer, recorder, wire } = await open();
    recorder.start();
    recorder.send("part");
    await once(peer.socket, "readable");
    const [[error]] = await Promise.all([once(peer.socket, "error"), recorder.reset()]);
    assert.equal(error.code, "ECONNRESET");
    assert.equal(wire.closed, true);
    await closed(recorder);
    assert.deepEqual(recorder.events, ["close"]);
  });

  it("is closed by a reset of the peer, without an end", async () => {
    const { peer, recorder } = await open();
    recorder.start();
    peer.reset();
    await closed(recorder);
    assert.deepEqual(recorder.events, ["close"]);
  });

  it("is closed when the peer vanishes with writes pending, and has its memory back", async () => {
    const { peer, recorder, wire } = await open();
    const output = new CountingOutput();
    recorder.start();
    peer.socket.pause();
    const piece = Buffer.alloc(65_536);
    do {
      output.append(piece, 0, piece.length);
      await turn();
    } while (wire.send(output));
    peer.reset();
    await closed(recorder);
    await eventually(() => assert.equal(output.away, 0));
    assert.equal(recorder.send("more"), true);
    assert.equal(wire.pending, 0);
  });

  it("closes once everything is written", async () => {
    const { peer, recorder, wire } = await open();
    recorder.start();
    peer.socket.pause();
    const piece = Buffer.alloc(65_536);
    for (let count = 0; count < 160; count += 1) recorder.send(piece);
    recorder.close();
    assert.equal(wire.closed, true);
    assert.equal(recorder.send("too late"), true);
    const all = buffer(peer.socket);
    assert.equal((await all).length, 160 * piece.length);
    peer.socket.end();
    await closed(recorder);
    assert.deepEqual(recorder.events, ["close"]);
  });

  it("closes without taking the last bytes from a peer that is still sending", async () => {
    const { peer, recorder } = await open();
    recorder.onBytes = () => {
      if (recorder.wire.closed) return;
      recorder.send("413 too much");
      recorder.close();
    };
    recorder.start();
    const answer = text(peer.socket);
    const piece = Buffer.alloc(65_536);
    for (let count = 0; count < 64; count += 1) peer.socket.write(piece);
    assert.equal(await answer, "413 too much");
    peer.socket.end();
    await closed(recorder);
  });

  it("gives up closing when its time is over", async () => {
    const { peer, recorder, wire } = await open();
    recorder.start();
    peer.socket.pause();
    const piece = Buffer.alloc(65_536);
    for (let count = 0; count < 320; count += 1) recorder.send(piece);
    recorder.close();
    assert(wire.deadline < Number.POSITIVE_INFINITY);
    wire.expired();
    await closed(recorder);
    const [error] = await once(peer.socket.resume(), "error");
    assert.equal(error.code, "ECONNRESET");
  });

  it("does not wait for ever for a peer that does not end", async () => {
    const { peer, recorder, wire } = await open();
    recorder.start();
    recorder.close();
    assert.equal(await text(peer.socket), "");
    await eventually(() => assert(wire.connection.socket.writableFinished));
    await turn();
    assert.deepEqual(recorder.events, []);
    wire.expired();
    await closed(recorder);
  });

  it("tells that it is closed when it was closed before it was started", async () => {
    const { peer, recorder, wire } = await open();
    peer.socket.resume();
    recorder.reset();
    await once(wire.connection.socket, "close");
    recorder.start();
    await closed(recorder);
    assert.equal(recorder.send("nobody hears"), true);
    recorder.close();
    recorder.reset();
    recorder.end();
    assert.deepEqual(recorder.events, ["close"]);
  });

  for (const callback of ["onBytes", "onEnd", "onDrain", "onClose"] as const) {
    it(`breaks off, and nothing else, when its owner fails in ${callback}`, async () => {
      using warnings = muteWarnings();
      const defective = await open();
      const sound = await open();
      defective.recorder[callback] = () => {
        throw new Error(`a defect in ${callback}`);
      };
      defective.recorder.start();
      sound.recorder.start();
      const piece = Buffer.alloc(100_000);
      while (defective.recorder.send(piece));
      await turn();
      const peerClosed = new Promise((resolve) => defective.peer.socket.once("close", resolve));
      defective.peer.socket.resume().end("bytes");
      if (callback === "onClose") defective.recorder.reset();
      await peerClosed;
      assert.deepEqual(warnings.seen, [`a defect in ${callback}`]);
      sound.peer.socket.end("bytes");
      await eventually(() => assert.deepEqual(sound.recorder.events, ["bytes", "end"]));
    });
  }

  it("leaves nothing behind after many short connections", async () => {
    const count = 600;
    const before = openHandles();
    const endings = ["end", "close", "reset", "gone"];
    let closes = 0;
    const one = async (index: number): Promise<void> => {
      const { wire, peer } = await open();
      const ending = endings[index % endings.length];
      const output = new Output();
      const done = Promise.withResolvers<void>();
      wire.start({
        onBytes: (bytes, end) => {
          output.append(bytes, 0, end);
          wire.send(output);
          if (ending === "close") wire.close();
          if (ending === "reset") wire.reset();
          if (ending === "gone") peer.reset();
        },
        onEnd: () => wire.end(),
        onDrain: () => undefined,
        onClose: () => {
          closes += 1;
          done.resolve();
        },
      });
      peer.socket.once("data", () => peer.socket.end()).once("end", () => peer.socket.end());
      peer.socket.resume().write("ping");
      await done.promise;
    };
    for (let index = 0; index < count; index += 20) {
      await Promise.all(Array.from({ length: 20 }, (_, offset) => one(index + offset)));
    }
    assert.equal(closes, count);
    await eventually(() => assert.equal(openHandles(), before));
  }).timeout(30_000);
}

function openHandles(): number {
  return process.getActiveResourcesInfo().filter((name) => name.endsWith("Wrap")).length;
}

class CountingOutput extends Output {
  away = 0;

  override surrender(): Surrendered {
    this.away += 1;
    return super.surrender();
  }

  override takeBack(piece: Surrendered): void {
    this.away -= 1;
    super.takeBack(piece);
  }
}
