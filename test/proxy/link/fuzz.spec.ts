// Anything may arrive on a link. Whatever it is, it must not throw, not be answered more than once for being wrong, and not
// take more memory than was granted. MESH_FUZZ_SECONDS=60 searches that long per property, from a new beginning each time.
import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import fc from "fast-check";
import { describe, it } from "mocha";
import { FrameDecoder } from "../../../proxy/link/frame-decoder.ts";
import { FLAG, FRAME, LAST_TYPE, MAX_PAYLOAD } from "../../../proxy/link/frames.ts";
import { frame, number, settings } from "./connections.ts";
import { dialed, served } from "./link-rig.ts";
import { beginPost, failureAnswer, get, type ScriptedExchange, Try } from "./scripted-exchanges.ts";
import { StalledWire } from "./stalled-wire.ts";

const SECONDS = Number(process.env["MESH_FUZZ_SECONDS"] ?? 0);
const PARAMETERS: fc.Parameters<unknown> =
  SECONDS > 0
    ? { numRuns: Number.MAX_SAFE_INTEGER, interruptAfterTimeLimit: SECONDS * 1_000 }
    : { seed: 20_240_229, numRuns: 300 };

const SETTINGS = frame(FRAME.SETTINGS, 0, 0, settings());
const HEADS = [
  "GET / HTTP/1.1\r\nhost: orders\r\n\r\n",
  "POST / HTTP/1.1\r\nhost: orders\r\ncontent-length: 10\r\n\r\n",
  "POST / HTTP/1.1\r\nhost: orders\r\ntransfer-encoding: chunked\r\n\r\n",
  "GET / HTTP/1.1\r\nhost: orders\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n",
  "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n",
  "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
  "HTTP/1.1 103 Early Hints\r\n\r\n",
  "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n",
];

const payload = fc.oneof(
  fc.constantFrom(...HEADS).map((text) => Buffer.from(text)),
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  fc.nat({ max: 70_000 }).map((size) => Buffer.alloc(size, "x")),
  fc.constantFrom(0, 1, 65_536, 0x7fff_ffff, 0xffff_ffff).map(number),
  fc
    .constantFrom("12345678", "CANCELLED", "CONNECTION_LOST", "x: y\r\n\r\n")
    .map((text) => Buffer.from(text)),
);
const streamId = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(1, 3, 5) },
  fc.constantFrom(0, 2, 7, 0x7fff_ffff, 0xffff_ffff),
);
const anyFrame = fc
  .tuple(fc.nat({ max: LAST_TYPE + 2 }), fc.nat({ max: 15 }), streamId, payload)
  .map(([type, flags, stream, bytes]) => frame(type, flags, stream, bytes));
/** Frames that keep to the rules often enough to get far. */
const likelyFrame = fc.oneof(
  fc
    .tuple(fc.constantFrom(1, 3, 5), fc.constantFrom(0, FLAG.END), fc.constantFrom(...HEADS))
    .map(([stream, flags, head]) =>
      frame(head.startsWith("HTTP") ? FRAME.RESPONSE : FRAME.REQUEST, flags, stream, head),
    ),
  fc
    .tuple(fc.constantFrom(1, 3, 5), fc.constantFrom(0, FLAG.END), fc.nat({ max: 30_000 }))
    .map(([stream, flags, size]) => frame(FRAME.DATA, flags, stream, Buffer.alloc(size + 1))),
  fc
    .tuple(fc.constantFrom(1, 3, 5), fc.nat({ max: 100_000 }))
    .map(([stream, credit]) => frame(FRAME.WINDOW, 0, stream, number(credit + 1))),
  anyFrame,
);

/** A stream of frames, with some bytes changed. */
const input = fc
  .tuple(
    fc.array(likelyFrame, { maxLength: 30 }),
    fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 2 }),
    fc.boolean(),
  )
  .map(([frames, changes, isGreeted]) => {
    const bytes = Buffer.concat(frames);
    if (bytes.length > 0) for (const [at, value] of changes) bytes[at % bytes.length] = value;
    return isGreeted ? Buffer.concat([SETTINGS, bytes]) : bytes;
  });
const cuts = fc.array(fc.integer({ min: 1, max: 70_000 }), { maxLength: 20 });

/** Says it in pieces, as long as the wire is open, each in a turn of its own. */
async function say(wire: StalledWire, bytes: Buffer, sizes: readonly number[]): Promise<void> {
  let at = 0;
  for (const size of [...sizes, bytes.length]) {
    if (wire.closed || at >= bytes.length) return;
    wire.receive(bytes.subarray(at, at + size));
    at += size;
    await setImmediate();
    if (!wire.closed) wire.drain();
  }
}

/** A peer at fault is told once, and cut off. */
function assertOneEnd(wire: StalledWire, violations: readonly string[]): void {
  assert.ok(violations.length <= 1, violations.join());
  if (violations.length === 1) assert.ok(wire.closed, "the link goes on");
}

describe("whatever arrives on a link", () => {
  const seconds = SECONDS;

  it("is found as it was sent, wherever reads end", function () {
    this.timeout(10_000 + seconds * 2_000);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom(1, 3, 0x7fff_ffff), fc.nat({ max: 3_000 })), {
          maxLength: 20,
        }),
        fc.array(fc.integer({ min: 1, max: 500 }), { maxLength: 50 }),
        (sent, sizes) => {
          const found: string[] = [];
          const decoder = new FrameDecoder({
            onFrame: (type, flags, stream, _, start, end) => {
              if (type !== FRAME.SETTINGS) found.push(`${type} ${flags} ${stream} ${end - start}`);
              return undefined;
            },
            onData: (_stream, _bytes, _start, _end, last) => {
              if (last) found.push("end");
              return undefined;
            },
          });
          const frames = sent.flatMap(([stream, size]) => [
            frame(FRAME.REQUEST, 2, stream, Buffer.alloc(size + 1)),
            frame(FRAME.DATA, 1, stream, Buffer.alloc(size)),
          ]);
          const bytes = Buffer.concat([SETTINGS, ...frames]);
          let at = 0;
          for (const size of [...sizes, bytes.length]) {
            const end = Math.min(at + size, bytes.length);
            assert.equal(decoder.push(bytes.subarray(at, end), end - at), undefined);
            at = end;
          }
          const expected = sent.flatMap(([stream, size]) => [`1 2 ${stream} ${size + 1}`, "end"]);
          assert.deepEqual(found, expected);
        },
      ),
      PARAMETERS as fc.Parameters<[[number, number][], number[]]>,
    );
  });

  it("hurts no callee", async function () {
    this.timeout(10_000 + seconds * 2_000);
    const answers: readonly ((exchange: ScriptedExchange) => unknown)[] = [
      () => undefined,
      (exchange) => exchange.started === 1 && exchange.answer("HTTP/1.1 204 None\r\n\r\n"),
      (exchange) => exchange.started === 1 && exchange.begin("HTTP/1.1 200 OK\r\n\r\n"),
      (exchange) => exchange.started === 1 && exchange.sink.fail(failureAnswer("CONNECTION_LOST")),
      (exchange) => {
        exchange.takes = false;
      },
    ];
    await fc.assert(
      fc.asyncProperty(
        input,
        cuts,
        fc.nat({ max: answers.length - 1 }),
        async (bytes, sizes, which) => {
          const wire = new StalledWire();
          const { owner, exchanges, link } = served(wire, answers[which]);
          await say(wire, bytes, sizes);
          assertOneEnd(wire, owner.violations);
          if (wire.closed) assert.equal(link.size, 0);
          wire.lose();
          assert.equal(owner.closed, 1);
          const isAnswered = which >= 1 && which <= 3;
          for (const { aborted } of exchanges.opened)
            assert.ok(aborted === 1 || (isAnswered && aborted === 0), `aborted ${aborted} times`);
          const taken = exchanges.opened.reduce((sum, { body }) => sum + body.length, 0);
          assert.ok(taken <= bytes.length);
        },
      ),
      PARAMETERS as fc.Parameters<[Buffer, number[], number]>,
    );
  });

  it("hurts no caller", async function () {
    this.timeout(10_000 + seconds * 2_000);
    await fc.assert(
      fc.asyncProperty(input, cuts, fc.boolean(), async (bytes, sizes, takes) => {
        const wire = new StalledWire();
        const { link, owner } = dialed(wire);
        wire.receive(SETTINGS);
        const tries = [get("/"), beginPost("/"), get("/")].map((each) => new Try(each));
        for (const each of tries) {
          each.takes = takes;
          each.on(link);
        }
        await say(wire, bytes, sizes);
        assertOneEnd(wire, owner.violations);
        wire.lose();
        assert.equal(owner.closed, 1);
        for (const each of tries) {
          if (!takes) {
            each.takes = true;
            each.stream?.resume();
          }
          await setImmediate();
          assert.ok(each.over, "a request was forgotten");
          assert.ok(each.body.length <= bytes.length);
        }
        assert.ok(link.idle);
        owner.deadlines.close();
      }),
      PARAMETERS as fc.Parameters<[Buffer, number[], boolean]>,
    );
  });

  it("takes no more memory than a frame", () => {
    const before = process.memoryUsage().arrayBuffers;
    const header = frame(FRAME.REQUEST, 0, 1, Buffer.alloc(65_536)).subarray(0, 9);
    const decoders = Array.from({ length: 100 }, () => {
      const decoder = new FrameDecoder({ onFrame: () => undefined, onData: () => undefined });
      decoder.push(SETTINGS, SETTINGS.length);
      decoder.push(header, header.length);
      return decoder;
    });
    const taken = process.memoryUsage().arrayBuffers - before;
    assert.equal(decoders.length, 100);
    assert.ok(taken <= 100 * MAX_PAYLOAD + 1_000_000, `${taken} bytes were taken`);
  });
});
