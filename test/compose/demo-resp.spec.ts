import { deepEqual, equal, throws } from "node:assert/strict";
import { describe, it } from "mocha";
import {
  encodeCommand,
  ProtocolError,
  type RedisReply,
  ReplyError,
  ReplyParser,
} from "../../compose/demo/resp.ts";

const STREAM: Buffer = Buffer.from(
  "+OK\r\n:-42\r\n$-1\r\n$0\r\n\r\n$9\r\nzwölf\r\n!\r\n*-1\r\n*0\r\n" +
    "*4\r\n$3\r\nabc\r\n-ERR inside\r\n*2\r\n:1\r\n$-1\r\n+\r\n-WRONGTYPE no\r\n",
);
const REPLIES: readonly RedisReply[] = [
  "OK",
  -42,
  undefined,
  "",
  "zwölf\r\n!",
  undefined,
  [],
  ["abc", new ReplyError("ERR inside"), [1, undefined], ""],
  new ReplyError("WRONGTYPE no"),
];

describe("the demo's Redis protocol", () => {
  it("cuts a pipelined stream into replies", () => {
    deepEqual(new ReplyParser().push(STREAM), REPLIES);
  });

  it("gives the same replies wherever the stream is split", () => {
    for (let first = 0; first <= STREAM.length; first += 1) {
      const parser = new ReplyParser();
      const parts = [STREAM.subarray(0, first), STREAM.subarray(first)];
      deepEqual(
        parts.flatMap((part) => parser.push(part)),
        REPLIES,
        `split at byte ${first}`,
      );
    }
  });

  it("gives the same replies byte by byte", () => {
    const parser = new ReplyParser();
    deepEqual(
      [...STREAM].flatMap((byte) => parser.push(Buffer.of(byte))),
      REPLIES,
    );
  });

  it("refuses what is not a reply", () => {
    for (const text of ["HTTP/1.1 503\r\n", ":12x\r\n", "$abc\r\n", "*\r\n"]) {
      throws(() => new ReplyParser().push(Buffer.from(text)), ProtocolError, text);
    }
  });

  it("refuses a reply without end", () => {
    const parser = new ReplyParser();
    throws(() => parser.push(Buffer.alloc(1024 * 1024 + 1, "+")), ProtocolError);
  });

  it("counts a command's words in bytes", () => {
    equal(encodeCommand(["SET", "ö", ""]).toString(), "*3\r\n$3\r\nSET\r\n$2\r\nö\r\n$0\r\n\r\n");
  });
});
