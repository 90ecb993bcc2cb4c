// The bytes of frames, and taking a stream of bytes apart into them.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { FrameDecoder, type FrameReceiver } from "../../../proxy/link/frame-decoder.ts";
import {
  FRAME,
  findHeaderViolation,
  type LinkViolation,
  MAX_PAYLOAD,
  readNumber,
  writeNumber,
} from "../../../proxy/link/frames.ts";
import { LINK_PROTOCOL } from "../../../proxy/link/protocol.ts";
import { OUR_SETTINGS, readSettings } from "../../../proxy/link/settings.ts";
import { frame, settings } from "./connections.ts";

/** Writes down what it is given, one line for each call. */
class Notes implements FrameReceiver {
  readonly lines: string[] = [];
  answer: LinkViolation | undefined;

  onFrame(
    type: number,
    flags: number,
    stream: number,
    bytes: Buffer,
    start: number,
    end: number,
  ): LinkViolation | undefined {
    if (type !== FRAME.SETTINGS)
      this.lines.push(`${type} ${flags} ${stream} ${bytes.toString("latin1", start, end)}`);
    return this.answer;
  }

  onData(
    stream: number,
    bytes: Buffer,
    start: number,
    end: number,
    last: boolean,
  ): LinkViolation | undefined {
    const text = bytes.toString("latin1", start, end);
    this.lines.push(`data ${stream} ${text}${last ? " last" : ""}`);
    return this.answer;
  }
}

const SETTINGS = frame(FRAME.SETTINGS, 0, 0, settings());

function begun(): { readonly decoder: FrameDecoder; readonly notes: Notes } {
  const notes = new Notes();
  const decoder = new FrameDecoder(notes);
  assert.equal(decoder.push(SETTINGS, SETTINGS.length), undefined);
  return { decoder, notes };
}

describe("a frame", () => {
  it("has eight bytes before its payload", () => {
    const bytes = frame(FRAME.DATA, 1, 0x01020305, "abc");
    assert.equal(bytes.toString("hex"), "0000031301020305616263");
  });

  it("carries numbers of 32 bits", () => {
    for (const value of [0, 1, 255, 65_536, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff]) {
      const bytes = Buffer.alloc(4);
      writeNumber(bytes, 0, value);
      assert.equal(bytes.readUInt32BE(), value);
      assert.equal(readNumber(bytes, 0), value);
    }
  });

  it("carries settings", () => {
    assert.deepEqual(readSettings(settings(), 0), OUR_SETTINGS);
    assert.equal(readSettings(settings({ payload: 65_535 }), 0), undefined);
    assert.equal(readSettings(settings({ window: 0x8000_0000 }), 0), undefined);
  });

  it("belongs to a protocol with a name of its own", () => {
    assert.equal(LINK_PROTOCOL, "docker-mesh-link/1");
  });

  for (const [type, flags, stream, length, violation] of [
    [FRAME.SETTINGS, 0, 0, 15, "PAYLOAD_SIZE"],
    [FRAME.SETTINGS, 0, 0, 16, undefined],
    [FRAME.SETTINGS, 0, 0, 64, undefined],
    [FRAME.SETTINGS, 0, 0, 65, "PAYLOAD_SIZE"],
    [FRAME.SETTINGS, 0, 2, 16, "STREAM_ID"],
    [FRAME.REQUEST, 0, 1, 0, "PAYLOAD_SIZE"],
    [FRAME.REQUEST, 0, 1, MAX_PAYLOAD, undefined],
    [FRAME.REQUEST, 0, 1, MAX_PAYLOAD + 1, "FRAME_TOO_LONG"],
    [FRAME.REQUEST, 0, 0, 10, "STREAM_ID"],
    [FRAME.RESPONSE, 0, 4, 10, "STREAM_ID"],
    [FRAME.DATA, 0, 1, 0, "PAYLOAD_SIZE"],
    [FRAME.DATA, 1, 1, 0, undefined],
    [FRAME.TRAILERS, 0, 1, 1, "PAYLOAD_SIZE"],
    [FRAME.TRAILERS, 0, 1, 8_193, "PAYLOAD_SIZE"],
    [FRAME.WINDOW, 0, 1, 3, "PAYLOAD_SIZE"],
    [FRAME.RESET, 0, 0x7fff_ffff, 64, undefined],
    [FRAME.RESET, 0, 0xffff_ffff, 64, "STREAM_ID"],
    [FRAME.RESET, 0, 1, 65, "PAYLOAD_SIZE"],
    [FRAME.PONG, 0, 0, 9, "PAYLOAD_SIZE"],
    [FRAME.GOAWAY, 0, 0, 4, undefined],
    [FRAME.GOAWAY, 0, 1, 4, "STREAM_ID"],
    [10, 15, 12, 0, undefined],
    [15, 0, 0, MAX_PAYLOAD + 1, "FRAME_TOO_LONG"],
  ] as const) {
    const verdict = violation ?? "fine";
    it(`of type ${type} with flags ${flags} and ${length} bytes on ${stream} is ${verdict}`, () => {
      assert.equal(findHeaderViolation(type, flags, stream, length), violation);
    });
  }
});

describe("the frame decoder", () => {
  const FRAMES = Buffer.concat([
    frame(FRAME.REQUEST, 3, 1, "GET /"),
    frame(11, 0, 0, "of a later version"),
    frame(FRAME.DATA, 0, 1, "body"),
    frame(FRAME.DATA, 1, 1),
    frame(FRAME.PING, 0, 0, "12345678"),
  ]);
  const LINES = ["1 3 1 GET /", "data 1 body", "data 1  last", "7 0 0 12345678"];

  it("finds frames that come together", () => {
    const { decoder, notes } = begun();
    assert.equal(decoder.push(FRAMES, FRAMES.length), undefined);
    assert.deepEqual(notes.lines, LINES);
  });

  it("finds them wherever the reads end", () => {
    for (let cut = 1; cut < FRAMES.length; cut += 1) {
      const { decoder, notes } = begun();
      decoder.push(FRAMES, cut);
      decoder.push(FRAMES.subarray(cut), FRAMES.length - cut);
      assert.deepEqual(notes.lines, LINES, `cut at ${cut}`);
    }
  });

  it("passes data on frame by frame, also what comes in parts", () => {
    const { decoder, notes } = begun();
    const bytes = frame(FRAME.DATA, 1, 1, "body");
    decoder.push(bytes, 10);
    assert.deepEqual(notes.lines, []);
    decoder.push(bytes.subarray(10), 2);
    assert.deepEqual(notes.lines, ["data 1 body last"]);
  });

  it("reads no further than its receiver wants", () => {
    const { decoder, notes } = begun();
    notes.answer = "STREAM_IDLE";
    assert.equal(decoder.push(FRAMES, FRAMES.length), "STREAM_IDLE");
    assert.equal(notes.lines.length, 1);
    decoder.stop();
    assert.equal(decoder.push(FRAMES, FRAMES.length), undefined);
    assert.equal(notes.lines.length, 1);
  });

  it("takes no memory for a frame that is too long", () => {
    const { decoder, notes } = begun();
    const header = Buffer.from("ffffff0100000001", "hex");
    assert.equal(decoder.push(header, header.length), "FRAME_TOO_LONG");
    assert.equal(notes.lines.length, 0);
  });
});
