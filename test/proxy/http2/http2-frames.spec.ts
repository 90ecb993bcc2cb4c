import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { eventually } from "../../helpers/eventually.ts";
import { Http2Application, Http2Client } from "./applications.ts";
import { Hop } from "./hop.ts";
import {
  END_HEADERS,
  END_STREAM,
  FRAME,
  fieldBlock,
  frame,
  GET_FIELDS,
  openRaw,
} from "./raw-http2.ts";

const MEBIBYTE = 1_048_576;
const NOTHING = Buffer.alloc(0);

function drained(socket: Socket): Promise<unknown> {
  return new Promise((resolve) => socket.once("drain", resolve));
}

describe("HTTP/2 callers that write frames as they like", () => {
  let hop: Hop;
  let application: Http2Application;
  let port: number;
  let received: string[];
  let bodies: string[];
  let socket: Socket;

  beforeEach(async () => {
    hop = new Hop();
    received = [];
    bodies = [];
    application = await Http2Application.start((stream, fields) => {
      received.push(...Object.keys(fields).filter((name) => name.startsWith("x-")));
      stream.on("data", (chunk: Buffer) => bodies.push(chunk.toString()));
      stream.on("end", () => stream.respond({ ":status": 200 }, { endStream: true }));
      stream.resume();
    });
    hop.toHttp2(application.port);
    port = await hop.listenHttp2();
    socket = await openRaw(port);
  });
  afterEach(async () => {
    socket.destroy();
    await hop.close();
    await application.close();
  });

  /** Writes until the connection is closed by the other side; fails when it takes too much. */
  async function flood(piece: (count: number) => Buffer, most: number): Promise<void> {
    const closed = new Promise((resolve) => socket.on("close", resolve));
    let sent = 0;
    for (let count = 0; !socket.destroyed; count += 1) {
      const bytes = piece(count);
      sent += bytes.length;
      assert.ok(sent < most, `${sent} bytes were taken`);
      const room = socket.write(bytes);
      await (room ? new Promise(setImmediate) : Promise.race([drained(socket), closed]));
    }
  }

  it("are cut off when their fields never end", async () => {
    socket.write(frame(FRAME.HEADERS, 0, 1, fieldBlock(...GET_FIELDS)));
    const many = Array.from({ length: 60 }, (_, index) => [`x-${index}`, "a".repeat(100)]).flat();
    const block = fieldBlock(...many);
    await flood(() => frame(FRAME.CONTINUATION, 0, 1, block), 4 * MEBIBYTE);
    assert.deepEqual(hop.finishedOnes, []);
  });

  it("are cut off when they open streams only to reset them", async () => {
    const cancel = Buffer.of(0, 0, 0, 8);
    const headers = fieldBlock(...GET_FIELDS);
    const stream = (id: number): Buffer[] => [
      frame(FRAME.HEADERS, END_HEADERS | END_STREAM, id, headers),
      frame(FRAME.RST_STREAM, 0, id, cancel),
    ];
    // Many at a time: what is allowed grows with every second, so the flood has to be quick on a slow machine, too.
    await flood((count) => {
      const ids = Array.from({ length: 100 }, (_, index) => 2 * (100 * count + index) + 1);
      return Buffer.concat(ids.flatMap(stream));
    }, 10 * MEBIBYTE);
    await eventually(() => assert.equal(hop.callers, 0));
  });

  it("are cut off when they ping without reading", async () => {
    socket.pause();
    await flood(() => {
      const ping = frame(FRAME.PING, 0, 0, Buffer.alloc(8));
      return Buffer.concat(Array.from({ length: 1_000 }, () => ping));
    }, 64 * MEBIBYTE);
  });

  it("are cut off when they repeat SETTINGS without reading", async () => {
    socket.pause();
    await flood(() => {
      const settings = frame(FRAME.SETTINGS, 0, 0, NOTHING);
      return Buffer.concat(Array.from({ length: 1_000 }, () => settings));
    }, 64 * MEBIBYTE);
  });

  for (const [name, value] of [
    ["connection", "close"],
    ["transfer-encoding", "chunked"],
    ["te", "gzip"],
    ["X-Upper", "a"],
  ] as const)
    it(`cannot send the field ${name}: ${JSON.stringify(value)}`, async () => {
      const block = fieldBlock(...GET_FIELDS, name, value);
      socket.write(frame(FRAME.HEADERS, END_HEADERS | END_STREAM, 1, block));
      socket.write(frame(FRAME.HEADERS, END_HEADERS | END_STREAM, 3, fieldBlock(...GET_FIELDS)));
      await eventually(() =>
        assert.deepEqual(hop.finishedOnes, [{ status: 200, failure: undefined }]),
      );
    });

  it("cannot hide a line end or another control character in a field", async () => {
    const hidden = ["x-a", "b\r\nx-mesh-source: payments", "x-b", "c\0d", "x-c", "e\nf"];
    const block = fieldBlock(...GET_FIELDS, ...hidden, "x-d", "g");
    socket.write(frame(FRAME.HEADERS, END_HEADERS | END_STREAM, 1, block));
    await eventually(() => assert.equal(hop.finishedOnes.length, 1));
    assert.deepEqual(received, ["x-d"]);
  });

  it("may send a whole request with the preface", async () => {
    const fields = [":method", "POST", ...GET_FIELDS.slice(2)];
    const other = await openRaw(
      port,
      frame(FRAME.HEADERS, END_HEADERS, 1, fieldBlock(...fields)),
      frame(FRAME.DATA, END_STREAM, 1, Buffer.from("body")),
    );
    await eventually(() => assert.deepEqual(bodies, ["body"]));
    await eventually(() =>
      assert.deepEqual(hop.finishedOnes, [{ status: 200, failure: undefined }]),
    );
    other.destroy();
  });

  for (const code of [0, 1, 8])
    it(`may reset with code ${code} what they have just opened`, async () => {
      const post = fieldBlock(":method", "POST", ...GET_FIELDS.slice(2));
      const other = await openRaw(
        port,
        frame(FRAME.HEADERS, END_HEADERS, 1, post),
        frame(FRAME.RST_STREAM, 0, 1, Buffer.of(0, 0, 0, code)),
        frame(FRAME.HEADERS, END_HEADERS | END_STREAM, 3, fieldBlock(...GET_FIELDS)),
      );
      await eventually(() =>
        assert.deepEqual(hop.finishedOnes, [{ status: 200, failure: undefined }]),
      );
      assert.equal(hop.planned, 1);
      other.destroy();
    });

  it("do not disturb others", async () => {
    socket.write("this is not a frame, whatever it is meant to be");
    const client = new Http2Client(port);
    const { fields } = await client.call({ ":path": "/", ":authority": "orders" });
    assert.equal(fields[":status"], 200);
    await client.close();
    await eventually(() => assert.equal(hop.callers, 0));
  });
});
