import assert from "node:assert/strict";
import { once } from "node:events";
import type { Socket } from "node:net";
import { buffer, text } from "node:stream/consumers";
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, beforeEach, describe, it } from "mocha";
import { detect } from "../../../proxy/detect/detect.ts";
import { relaySilent } from "../../../proxy/detect/relay-silent.ts";
import type { Connection } from "../../../proxy/transport/connection.ts";
import { dialTcp } from "../../../proxy/transport/dial.ts";
import { type Ends, Loopback } from "../../helpers/loopback.ts";
import { PREFACE } from "./first-messages.ts";

const REQUEST = Buffer.from("GET / HTTP/1.1\r\n\r\n", "latin1");

const joined = (): void => undefined;

describe("a connection that begins in silence", () => {
  let loopback: Loopback;
  beforeEach(async () => {
    loopback = new Loopback();
    await loopback.open();
  });
  afterEach(() => loopback[Symbol.dispose]());

  const silent = async (): Promise<Ends> => {
    const ends = await loopback.connect();
    assert.equal(await detect(ends.near, "auto"), "silent");
    return ends;
  };

  /** A destination, the way to it, and what it accepts. */
  const destination = async (
    accept: (socket: Socket) => void = () => undefined,
  ): Promise<{ dial: (signal: AbortSignal) => Promise<Connection>; accepted: Promise<Socket> }> => {
    const { promise, resolve } = Promise.withResolvers<Socket>();
    const port = await loopback.listen((socket) => {
      resolve(socket);
      accept(socket);
    });
    return { dial: (signal) => dialTcp("127.0.0.1", port, signal), accepted: promise };
  };

  it("belongs to a destination that speaks first, as MySQL does", async () => {
    const greeting = Buffer.from([0x4a, 0, 0, 0, 0x0a, 0x38, 0x2e, 0x30, 0]);
    const { dial } = await destination((socket) => {
      socket.write(greeting);
      socket.once("data", (login) => socket.end(login));
    });
    const { client, near } = await silent();
    const outcome = relaySilent(near, dial, joined);
    const [greeted] = await once(client, "data");
    assert.deepEqual(greeted, greeting);
    client.end("GET / HTTP/1.1\r\n\r\n");
    assert.deepEqual(await buffer(client), REQUEST);
    assert.equal(await outcome, "tunnelled");
  });

  for (const [expected, bytes] of [
    ["http1", REQUEST],
    ["http2", PREFACE],
  ] as const) {
    it(`is ${expected} when the caller asks after all, and the destination is let go`, async () => {
      const { dial, accepted } = await destination();
      const { client, near } = await silent();
      const outcome = relaySilent(near, dial, joined);
      const application = await accepted;
      // As long again: what was silent once is not judged by the clock any more.
      await silent();
      client.end(bytes);
      assert.equal(await outcome, expected);
      assert.equal((await buffer(application)).length, 0);
      assert.deepEqual(await buffer(near.socket), bytes);
    });

    it(`is ${expected} though the request comes byte by byte`, async () => {
      const { dial } = await destination();
      const { client, near } = await silent();
      const outcome = relaySilent(near, dial, joined);
      for (const byte of bytes) {
        client.write(Buffer.of(byte));
        await nextTurn();
      }
      assert.equal(await outcome, expected);
      client.end();
      assert.deepEqual(await buffer(near.socket), bytes);
    });
  }

  it("is http though the destination cannot be reached yet when the caller asks", async () => {
    const { client, near } = await silent();
    const aborted = Promise.withResolvers<unknown>();
    const dial = (signal: AbortSignal): Promise<Connection> =>
      new Promise((_, reject) => {
        signal.addEventListener("abort", () => {
          aborted.resolve(signal.reason);
          reject(signal.reason);
        });
      });
    const outcome = relaySilent(near, dial, joined);
    client.write(REQUEST);
    assert.equal(await outcome, "http1");
    assert.ok((await aborted.promise) instanceof Error);
  });

  it("closes a destination that is reached when nobody wants it any more", async () => {
    const { dial, accepted } = await destination();
    const opened = Promise.withResolvers<void>();
    const { client, near } = await silent();
    const outcome = relaySilent(
      near,
      async () => {
        await opened.promise;
        return await dial(AbortSignal.timeout(1_000));
      },
      joined,
    );
    client.write(REQUEST);
    assert.equal(await outcome, "http1");
    opened.resolve();
    assert.equal((await buffer(await accepted)).length, 0);
  });

  it("is carried as it is when the caller speaks something else, which is not lost", async () => {
    const { dial } = await destination((socket) => void socket.pipe(socket));
    const { client, near } = await silent();
    const outcome = relaySilent(near, dial, joined);
    client.end("SSH-2.0-OpenSSH_9.2\r\n");
    assert.equal(await text(client), "SSH-2.0-OpenSSH_9.2\r\n");
    assert.equal(await outcome, "tunnelled");
  });

  it("is carried as it is when nothing follows upon half a request line", async () => {
    const { dial } = await destination((socket) => {
      socket.once("data", (bytes) => socket.end(bytes));
    });
    const { client, near } = await silent();
    const outcome = relaySilent(near, dial, joined);
    client.write("HELLO");
    assert.equal(await text(client), "HELLO");
    client.end();
    assert.equal(await outcome, "tunnelled");
  });

  it("belongs to a destination that speaks while half a request line has come", async () => {
    const { dial, accepted } = await destination();
    const { client, near } = await silent();
    const outcome = relaySilent(near, dial, joined);
    const application = await accepted;
    client.write("HEL");
    application.write("220 ready");
    const [greeting] = await once(client, "data");
    assert.equal(String(greeting), "220 ready");
    client.end("O");
    assert.equal(await text(application), "HELO");
    application.end();
    assert.equal(await outcome, "tunnelled");
  });

  it("stays open while neither speaks", async () => {
    const { dial, accepted } = await destination();
    const { client, near } = await silent();
    const outcome = relaySilent(near, dial, joined);
    const application = await accepted;
    await silent();
    assert.ok(!near.socket.destroyed && !client.readableEnded);
    client.end();
    assert.equal((await buffer(application)).length, 0);
    application.end("bye");
    assert.equal(await text(client), "bye");
    assert.equal(await outcome, "tunnelled");
  });

  it("passes the end of the destination's side on", async () => {
    const { dial } = await destination((socket) => void socket.end());
    const { client, near } = await silent();
    const outcome = relaySilent(near, dial, joined);
    assert.equal(await text(client), "");
    client.end();
    assert.equal(await outcome, "tunnelled");
  });

  it("lets the destination go when the caller is gone", async () => {
    const { dial, accepted } = await destination();
    const { client, near } = await silent();
    const outcome = relaySilent(near, dial, joined);
    const application = await accepted;
    client.resetAndDestroy();
    assert.equal(await outcome, "tunnelled");
    application.resume();
    await once(application, "end");
  });

  it("resets the caller when the destination resets", async () => {
    const { dial, accepted } = await destination();
    const { client, near } = await silent();
    const reached = Promise.withResolvers<void>();
    const dialled = async (signal: AbortSignal): Promise<Connection> => {
      const far = await dial(signal);
      reached.resolve();
      return far;
    };
    const outcome = relaySilent(near, dialled, joined);
    await reached.promise;
    (await accepted).resetAndDestroy();
    const [error] = await once(client, "error");
    assert.equal(error.code, "ECONNRESET");
    assert.equal(await outcome, "tunnelled");
  });

  it("is left to whoever asked when the destination cannot be reached, with all that was sent", async () => {
    const { client, near } = await silent();
    client.write("HEL");
    const dial = async (): Promise<Connection> => {
      await once(near.socket, "readable");
      throw new Error("unreachable");
    };
    await assert.rejects(relaySilent(near, dial, joined), /unreachable/);
    assert.equal(String(near.socket.read()), "HEL");
    client.end("O");
    assert.equal(await text(near.socket), "O");
  });
});
