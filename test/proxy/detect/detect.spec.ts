import assert from "node:assert/strict";
import { once } from "node:events";
import type { Socket } from "node:net";
import { buffer } from "node:stream/consumers";
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, beforeEach, describe, it } from "mocha";
import { LABELS } from "../../../plugin/labels/table.ts";
import { detect } from "../../../proxy/detect/detect.ts";
import { DETECTION_TIMEOUT } from "../../../proxy/detect/first-bytes.ts";
import { eventually } from "../../helpers/eventually.ts";
import { type Ends, Loopback } from "../../helpers/loopback.ts";
import { HTTP1, HTTP2, PREFACE, TCP } from "./first-messages.ts";

const REQUEST = Buffer.from("GET / HTTP/1.1\r\n\r\n", "latin1");

async function sendSlowly(client: Socket, bytes: Buffer): Promise<void> {
  for (const byte of bytes) {
    client.write(Buffer.of(byte));
    await nextTurn();
  }
}

describe("what an accepted connection carries", () => {
  let loopback: Loopback;
  beforeEach(async () => {
    loopback = new Loopback();
    await loopback.open();
  });
  afterEach(() => loopback[Symbol.dispose]());

  const EXAMPLES = [
    ...HTTP1.map(([name, bytes]) => ["http1", name, bytes] as const),
    ...HTTP2.map(([name, bytes]) => ["http2", name, bytes] as const),
    ...TCP.map(([name, bytes]) => ["tcp", name, bytes] as const),
  ];

  for (const [expected, name, bytes] of EXAMPLES) {
    it(`is ${expected}, and nothing of it is lost: ${name}`, async () => {
      const { client, near } = await loopback.connect();
      client.write(bytes);
      assert.equal(await detect(near, "auto"), expected);
      client.end("the rest");
      assert.deepEqual(await buffer(near.socket), Buffer.concat([bytes, Buffer.from("the rest")]));
    });
  }

  for (const [expected, bytes] of [
    ["http1", REQUEST],
    ["http2", PREFACE],
    ["tcp", Buffer.from("SET a b\r\n")],
  ] as const) {
    it(`is ${expected} when the bytes come one by one`, async () => {
      const { client, near } = await loopback.connect();
      const detected = detect(near, "auto");
      await sendSlowly(client, bytes);
      assert.equal(await detected, expected);
      client.end();
      assert.deepEqual(await buffer(near.socket), bytes);
    });
  }

  it("is told on TLS connections too", async () => {
    const { client, near } = await loopback.connectTls();
    const detected = detect(near, "auto");
    client.write(PREFACE.subarray(0, 10));
    client.end(PREFACE.subarray(10));
    assert.equal(await detected, "http2");
    assert.deepEqual(await buffer(near.socket), PREFACE);
  });

  it("is told from what had arrived before anyone looked", async () => {
    const { client, near } = await loopback.connect();
    client.end(REQUEST);
    near.socket.read(0);
    await once(client, "finish");
    await nextTurn();
    assert.equal(await detect(near, "http"), "http1");
    assert.deepEqual(await buffer(near.socket), REQUEST);
  });

  it("reaches who listens for it at once", async () => {
    const { client, near } = await loopback.connect();
    client.write(REQUEST);
    await detect(near, "auto");
    const [chunk] = await once(near.socket, "data");
    assert.deepEqual(chunk, REQUEST);
  });

  describe("when any protocol may come", () => {
    it("is silent when nothing has come in time, and may still speak", async () => {
      const { client, near } = await loopback.connect();
      assert.equal(await detect(near, "auto"), "silent");
      client.write("late");
      const [chunk] = await once(near.socket, "data");
      assert.equal(String(chunk), "late");
    });

    it("is tcp when nothing follows upon half a request line", async () => {
      const { client, near } = await loopback.connect();
      client.write("HELLO");
      assert.equal(await detect(near, "auto"), "tcp");
      client.end();
      assert.equal(String(await buffer(near.socket)), "HELLO");
    });

    it("is tcp when the caller ends without a byte", async () => {
      const { client, near } = await loopback.connect();
      client.end();
      assert.equal(await detect(near, "auto"), "tcp");
      near.socket.end("answer");
      assert.equal(String(await buffer(client)), "answer");
      assert.equal((await buffer(near.socket)).length, 0);
    });

    it("is tcp when the caller ends amid a request line", async () => {
      const { client, near } = await loopback.connect();
      client.end("GET /");
      assert.equal(await detect(near, "auto"), "tcp");
      assert.equal(String(await buffer(near.socket)), "GET /");
    });

    it("is silent after the time that the label reference names", () => {
      const label = LABELS.find(({ name }) => name === "mesh.protocol");
      assert.match(label?.meaning ?? "", new RegExp(`nothing for ${DETECTION_TIMEOUT} ms`));
    });
  });

  describe("when HTTP is expected", () => {
    it("is http1 at the first byte that is not the preface's", async () => {
      const { client, near } = await loopback.connect();
      const detected = detect(near, "http");
      client.write("PO");
      assert.equal(await detected, "http1");
    });

    it("is awaited without a timer", async () => {
      const timers = (): number =>
        process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
      const waiting: Ends[] = [];
      while (waiting.length < 20) waiting.push(await loopback.connect());
      const before = timers();
      const detected = waiting.map(({ near }) => detect(near, "http"));
      for (const { client } of waiting) client.write("P");
      await eventually(() => assert.ok(waiting.every(({ near }) => near.socket.bytesRead === 1)));
      assert.ok(timers() < before + waiting.length);
      for (const { client } of waiting) client.write("RI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
      assert.deepEqual(new Set(await Promise.all(detected)), new Set(["http2"]));
    });

    it("is nothing when the caller ends without a byte: the connection is closed", async () => {
      const { client, near } = await loopback.connect();
      client.end();
      assert.equal(await detect(near, "http"), "closed");
      assert.ok(near.socket.destroyed);
      assert.equal((await buffer(client)).length, 0);
    });
  });

  for (const expected of ["http", "auto"] as const) {
    it(`is nothing when the caller is gone (${expected})`, async () => {
      const { client, near } = await loopback.connect();
      const detected = detect(near, expected);
      client.write("P");
      await once(near.socket, "readable");
      client.resetAndDestroy();
      assert.equal(await detected, "closed");
      assert.equal(await detect(near, expected), "closed");
    });
  }
});
