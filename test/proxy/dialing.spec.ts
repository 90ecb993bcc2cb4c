// Requests for a destination to which a connection is only being opened.
import assert from "node:assert/strict";
import { connect, createServer } from "node:net";
import { text } from "node:stream/consumers";
import { setImmediate as turn } from "node:timers/promises";
import { afterEach, beforeEach, describe, it } from "mocha";
import {
  DialedDestination,
  type DialedOptions,
  type SharedLink,
} from "../../proxy/http/dialed-destination.ts";
import type { RequestStream, StreamFailure, StreamListener } from "../../proxy/http/streams.ts";
import { LINK_PROTOCOL } from "../../proxy/link/protocol.ts";
import { Deadlines } from "../../proxy/transport/deadlines.ts";
import { dialTcp } from "../../proxy/transport/dial.ts";
import { Output } from "../../proxy/transport/output.ts";
import { eventually } from "../helpers/eventually.ts";
import { HttpFronts } from "../helpers/http-front.ts";

const IDLE_STREAM: RequestStream = {
  ready: false,
  send: () => true,
  data: () => true,
  resume: () => undefined,
  abort: () => undefined,
};
const DEAF: StreamListener = {
  onReady: () => undefined,
  onWritable: () => undefined,
  onInformation: () => undefined,
  onResponse: () => true,
  onData: () => true,
  onFailed: () => undefined,
};
const OK = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine";

describe("a destination that is being dialed", () => {
  let fronts: HttpFronts;
  let deadlines: Deadlines;
  let dialed: PromiseWithResolvers<void>;
  let opened: PromiseWithResolvers<void>;
  beforeEach(() => {
    fronts = new HttpFronts();
    deadlines = new Deadlines();
    dialed = Promise.withResolvers<void>();
    opened = Promise.withResolvers<void>();
  });
  afterEach(async () => {
    deadlines.close();
    await fronts[Symbol.asyncDispose]();
  });

  /** Dialed at `dialed`, and reached only after `opened`. */
  const destination = (port: number, parts: Partial<DialedOptions> = {}): DialedDestination =>
    new DialedDestination({
      ...{ key: String(port), output: new Output(), deadlines, link: undefined },
      ...{ unreachable: "APPLICATION_UNREACHABLE", answers: undefined },
      dial: async (signal) => {
        dialed.resolve();
        await opened.promise;
        return dialTcp("127.0.0.1", port, signal);
      },
      ...parts,
    });

  it("gets a request whole of which the largest head and much of the body were kept", async () => {
    const field = (number: number): string => `X-${number}: ${"a".repeat(16_000)}\r\n`;
    const fields = [1, 2, 3, 4].map(field).join("");
    const size = 200_000;
    const application = createServer((socket) => {
      let received = 0;
      socket
        .on("error", () => undefined)
        .on("data", (chunk) => {
          received += chunk.length;
          if (received > fields.length + size) socket.write(OK);
        });
    });
    const target = destination(await fronts.listen(application));
    const socket = connect(await fronts.open([target]), "127.0.0.1");
    socket.write(`POST / HTTP/1.1\r\nHost: orders\r\nConnection: close\r\n${fields}`);
    socket.write(`Content-Length: ${size}\r\n\r\n`);
    await dialed.promise;
    // Read by itself, and a little less than is kept before the caller has to wait.
    socket.write(Buffer.alloc(65_000));
    for (let passed = 0; passed < 10; passed += 1) await turn();
    socket.write(Buffer.alloc(size - 65_000));
    for (let passed = 0; passed < 10; passed += 1) await turn();
    opened.resolve();
    assert.match(await text(socket), /^HTTP\/1\.1 200 /);
    target.close();
  });

  it("and was let go meanwhile carries what waits for it over its link, and then closes that too", async () => {
    const happened: string[] = [];
    const link: SharedLink = {
      ...{ draining: false, doubtful: false },
      openStream: () => {
        happened.push("stream");
        return IDLE_STREAM;
      },
      retire: () => void happened.push("retire"),
      close: () => undefined,
    };
    const port = await fronts.listen(createServer());
    const target = destination(port, {
      dial: async (signal) => {
        const connection = await dialTcp("127.0.0.1", port, signal);
        await opened.promise;
        return { ...connection, protocol: LINK_PROTOCOL };
      },
      link: () => link,
    });
    target.open(DEAF, false, false);
    target.retire();
    opened.resolve();
    await eventually(() => assert.deepEqual(happened, ["stream", "retire"]));
  });

  describe("again, because its link is silent", () => {
    const happened: string[] = [];
    const links = ["first", "second"].map((name) => ({
      ...{ draining: false, doubtful: false },
      openStream: () => {
        happened.push(name);
        return IDLE_STREAM;
      },
      retire: () => void happened.push(`${name} retired`),
      close: () => undefined,
    }));
    let target: DialedDestination;
    let isThere: boolean;
    beforeEach(async () => {
      happened.length = 0;
      isThere = true;
      const port = await fronts.listen(createServer());
      const all = links.values();
      target = destination(port, {
        dial: async (signal) => {
          if (!isThere) throw new Error("nobody answers");
          return { ...(await dialTcp("127.0.0.1", port, signal)), protocol: LINK_PROTOCOL };
        },
        link: () => all.next().value as SharedLink,
      });
      target.open(DEAF, false, false);
      await eventually(() => assert.deepEqual(happened, ["first"]));
      for (const link of links) link.doubtful = link === links[0];
    });

    it("carries requests over the link that comes about, and lets the silent one go", async () => {
      target.open(DEAF, false, false);
      await eventually(() => assert.deepEqual(happened, ["first", "first retired", "second"]));
    });

    it("fails requests that were not sent, when it is gone", async () => {
      isThere = false;
      const failed = Promise.withResolvers<StreamFailure>();
      target.open({ ...DEAF, onFailed: failed.resolve }, false, false);
      assert.equal((await failed.promise).sent, false);
      assert.deepEqual(happened, ["first"]);
    });

    it("carries requests over the same link when it has been heard again", () => {
      for (const link of links) link.doubtful = false;
      target.open(DEAF, false, false);
      assert.deepEqual(happened, ["first", "first"]);
    });
  });

  it("is reached by a process that was busy for longer than it would wait", async () => {
    const port = await fronts.listen(createServer((socket) => void socket.resume()));
    const connecting = dialTcp("127.0.0.1", port, AbortSignal.timeout(9_000), 20);
    const since = performance.now();
    while (performance.now() - since < 60);
    const { socket } = await connecting;
    socket.destroy();
  });
});
