// What every wire promises, whatever it is made of.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { buffer, text } from "node:stream/consumers";
import { setImmediate as turn } from "node:timers/promises";
import { afterEach, beforeEach, describe, it } from "mocha";
import { Output, type Surrendered } from "../../../proxy/transport/output.ts";
import { eventually } from "../../helpers/eventually.ts";
import { type MutedWarnings, muteWarnings } from "../../helpers/warnings.ts";
import { type Means, type Protection, Recorder, type Side, WireRig } from "./wire-rig.ts";

const MEGABYTE = 1_048_576;

export function describeWire(means: Means, protection: Protection, side: Side): void {
  describe(`the ${means} wire over a ${protection} connection that was ${side}`, () => {
    let rig: WireRig;
    let warnings: MutedWarnings | undefined;
    const recorders: Recorder[] = [];
    beforeEach(async () => {
      rig = await WireRig.create(protection);
    });
    afterEach(async () => {
      warnings?.restore();
      await rig[Symbol.asyncDispose]();
      for (const { violations } of recorders.splice(0)) assert.deepEqual(violations, []);
    });

    const open = async () => {
      const { wire, peer } = await rig.open(means, side);
      const recorder = new Recorder(wire);
      recorders.push(recorder);
      return { wire, peer, recorder };
    };
    const closed = (recorder: Recorder): Promise<void> =>
      eventually(() => assert.equal(recorder.events.at(-1), "close"));

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
      assert(peer.socket.readableEnded);
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
        warnings = muteWarnings();
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
      const count = protection === "plain" ? 1_500 : 300;
      const before = openHandles();
      const endings = ["end", "close", "reset", "gone"];
      let closes = 0;
      const one = async (index: number): Promise<void> => {
        const { wire, peer } = await rig.open(means, side);
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
  });
}

function openHandles(): number {
  return process.getActiveResourcesInfo().filter((name) => name.endsWith("Wrap")).length;
}

/** Bytes that differ from piece to piece in content and length, and their hash. */
class Pattern {
  readonly #hash = createHash("sha1");
  readonly #source = Buffer.from(Array.from({ length: 140_000 }, (_, index) => (index * 7) % 251));
  #left: number;
  #index = 0;

  constructor(length: number) {
    this.#left = length;
  }

  next(): Buffer | undefined {
    if (this.#left === 0) return undefined;
    const from = (this.#index * 31) % 70_000;
    const length = Math.min(this.#left, 1 + ((this.#index * 9_973) % 70_000));
    this.#index += 1;
    this.#left -= length;
    const bytes = this.#source.subarray(from, from + length);
    this.#hash.update(bytes);
    return bytes;
  }

  digest(): string {
    return this.#hash.digest("hex");
  }
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
