// How bodies are taken out of what is read. What is accepted and refused is the corpus's business.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { BodyReader } from "../../../proxy/http1/body-reader.ts";
import {
  writeChunkEnd,
  writeChunkHead,
  writeLastChunk,
} from "../../../proxy/http1/chunk-writer.ts";
import { FRAMING } from "../../../proxy/http1/message-head.ts";
import { REFUSED } from "../../../proxy/http1/violation.ts";

function chunked(): BodyReader {
  const reader = new BodyReader();
  reader.begin(FRAMING.CHUNKED, -1);
  return reader;
}

/** Reads all of the text; the offset, and the data. */
function read(reader: BodyReader, text: string): readonly [number, string] {
  const bytes = Buffer.from(text, "latin1");
  const next = reader.read(bytes, 0, bytes.length);
  return [next, bytes.toString("latin1", reader.dataStart, reader.dataEnd)];
}

describe("the reader of bodies", () => {
  it("takes nothing where there is no body", () => {
    const reader = new BodyReader();
    assert.equal(reader.done, true);
    reader.begin(FRAMING.NONE, 5);
    assert.equal(reader.done, true);
    assert.deepEqual(read(reader, "GET /"), [0, ""]);
  });

  it("takes as many bytes as the length says", () => {
    const reader = new BodyReader();
    reader.begin(FRAMING.LENGTH, 7);
    assert.deepEqual(read(reader, "abc"), [3, "abc"]);
    assert.equal(reader.done, false);
    assert.deepEqual(read(reader, ""), [0, ""]);
    assert.deepEqual(read(reader, "defgGET /"), [4, "defg"]);
    assert.equal(reader.done, true);
    assert.deepEqual(read(reader, "GET /"), [0, ""]);
  });

  it("takes everything until the connection closes", () => {
    const reader = new BodyReader();
    reader.begin(FRAMING.UNTIL_CLOSE, -1);
    assert.deepEqual(read(reader, "abc"), [3, "abc"]);
    assert.equal(reader.done, false);
  });

  it("leaves a single piece of data where it was read", () => {
    const reader = chunked();
    const bytes = Buffer.from("??5\r\nhello\r\n");
    assert.equal(reader.read(bytes, 2, bytes.length), bytes.length);
    assert.equal(reader.dataStart, 5);
    assert.equal(reader.dataEnd, 10);
    assert.equal(bytes.toString(), "??5\r\nhello\r\n");
  });

  for (const size of [1, 10, 63, 64, 65, 1000]) {
    it(`moves chunks of ${size} bytes together, and touches nothing behind the body`, () => {
      const data = ["a", "b", "c"].map((letter) => letter.repeat(size));
      const chunks = data.map((text) => `${size.toString(16)}\r\n${text}\r\n`).join("");
      const bytes = Buffer.from(`${chunks}0\r\n\r\nGET / HTTP/1.1`);
      const reader = chunked();
      const next = reader.read(bytes, 0, bytes.length);
      assert.equal(bytes.toString("latin1", next), "GET / HTTP/1.1");
      assert.equal(bytes.toString("latin1", reader.dataStart, reader.dataEnd), data.join(""));
      assert.equal(reader.done, true);
    });
  }

  it("gives what it has of a chunk", () => {
    const reader = chunked();
    assert.deepEqual(read(reader, "a\r\nhel"), [6, "hel"]);
    assert.deepEqual(read(reader, "lo"), [2, "lo"]);
    assert.deepEqual(read(reader, " worl\r"), [6, " worl"]);
    assert.deepEqual(read(reader, "\n1\r\nd\r\n0\r\n\r\n!"), [12, "d"]);
    assert.equal(reader.done, true);
  });

  it("has the trailers when it is done, and no sooner", () => {
    const reader = chunked();
    assert.deepEqual(read(reader, "0\r\nA: 1\r\nB"), [10, ""]);
    assert.equal(reader.done, false);
    assert.equal(reader.trailers.length, 0);
    assert.deepEqual(read(reader, ":2 \r\nHost: x\r\n\r"), [15, ""]);
    assert.deepEqual(read(reader, "\nGET"), [1, ""]);
    assert.equal(reader.done, true);
    assert.equal(reader.trailers.toString("latin1"), "A: 1\r\nB: 2\r\n");
  });

  it("keeps trailers when the bytes they came in are used again", () => {
    const reader = chunked();
    const bytes = Buffer.from("0\r\nA: 1\r\n");
    reader.read(bytes, 0, bytes.length);
    bytes.fill("!");
    read(reader, "B: 2\r\n\r\n");
    assert.equal(reader.trailers.toString("latin1"), "A: 1\r\nB: 2\r\n");
  });

  it("forgets one body when the next one begins", () => {
    const reader = chunked();
    read(reader, "5;a=b\r\nhello\r\n0\r\nX: 1\r\n\r\n");
    reader.begin(FRAMING.CHUNKED, -1);
    assert.equal(reader.done, false);
    assert.equal(reader.trailers.length, 0);
    assert.equal(read(reader, "xyz")[0], REFUSED);
    assert.notEqual(reader.violation, undefined);
    reader.begin(FRAMING.LENGTH, 3);
    assert.equal(reader.violation, undefined);
    assert.deepEqual(read(reader, "xyz"), [3, "xyz"]);
  });

  it("counts extensions per body, not per chunk or connection", () => {
    const reader = chunked();
    const chunk = `1;${"a".repeat(8_190)}\r\nz\r\n`;
    for (let round = 0; round < 3; round += 1) {
      reader.begin(FRAMING.CHUNKED, -1);
      assert.notEqual(read(reader, chunk)[0], REFUSED);
      assert.notEqual(read(reader, chunk)[0], REFUSED);
      assert.equal(read(reader, "1;ab")[0], REFUSED);
    }
  });

  it("reads what the writer of chunks writes", () => {
    for (const size of [1, 15, 16, 255, 4_096, 65_536]) {
      const bytes = Buffer.alloc(size + 64);
      let at = writeChunkHead(bytes, 0, size);
      assert.equal(bytes.toString("latin1", 0, at), `${size.toString(16)}\r\n`);
      at = writeChunkEnd(bytes.fill("z", at, at + size), at + size);
      at = writeLastChunk(bytes, at, Buffer.from("a: 1\r\n"));
      const reader = chunked();
      assert.equal(reader.read(bytes, 0, bytes.length), at);
      assert.equal(reader.dataEnd - reader.dataStart, size);
      assert.equal(reader.trailers.toString(), "a: 1\r\n");
    }
  });

  it("writes the size of a chunk that no memory holds", () => {
    const bytes = Buffer.alloc(32);
    const at = writeChunkHead(bytes, 0, Number.MAX_SAFE_INTEGER);
    assert.equal(bytes.toString("latin1", 0, at), "1fffffffffffff\r\n");
  });
});
