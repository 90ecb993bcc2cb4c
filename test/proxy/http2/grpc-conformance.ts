// What every way that leads a gRPC client to a gRPC server must carry.
import assert from "node:assert/strict";
import { once } from "node:events";
import { Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { eventually } from "../../helpers/eventually.ts";
import { GrpcClient, type GrpcServer, type Handlers, startGrpcServer } from "./grpc-service.ts";

/** A way from callers to applications. */
export interface GrpcWay {
  /** Makes the ports of applications reachable, each an endpoint of one service; returns what callers dial. */
  open(ports: readonly number[]): Promise<string>;
  close(): Promise<void>;
}

const MEBIBYTE = 1_048_576;

function bytes(text: string): Buffer {
  return Buffer.from(text);
}

/** Adds the tests to the current `describe`. */
export function carriesGrpc(createWay: () => Promise<GrpcWay>): void {
  let way: GrpcWay;
  let client: GrpcClient;
  let servers: GrpcServer[];

  async function start(handlers: Handlers): Promise<GrpcServer> {
    const server = await startGrpcServer(handlers);
    servers.push(server);
    client = new GrpcClient(await way.open([server.port]));
    return server;
  }

  beforeEach(async () => {
    servers = [];
    way = await createWay();
  });
  afterEach(async () => {
    client.close();
    for (const server of servers) server.close();
    await way.close();
  });

  describe("calls", () => {
    it("with one message each way", async () => {
      await start({ ask: (call, reply) => reply(null, bytes(`<${call.request}>`)) });
      const { message, error } = await client.ask("hello");
      assert.deepEqual([message, error], ["<hello>", undefined]);
    });

    it("with an empty message", async () => {
      await start({ ask: (call, reply) => reply(null, bytes(`${call.request.length}`)) });
      assert.equal((await client.ask("")).message, "0");
    });

    it("with many messages from the client", async () => {
      await start({
        collect: (call, reply) => {
          let sum = 0;
          call.on("data", (message: Buffer) => {
            sum += Number(message);
          });
          call.on("end", () => reply(null, bytes(String(sum))));
        },
      });
      const { promise, resolve } = Promise.withResolvers<string>();
      const call = client.collect((error, value) => resolve(String(error ?? value)));
      for (let number = 1; number <= 100; number += 1) call.write(bytes(String(number)));
      call.end();
      assert.equal(await promise, "5050");
    });

    it("with many messages from the server", async () => {
      await start({
        list: (call) => {
          for (let index = 0; index < Number(call.request); index += 1)
            call.write(bytes(`${index}`));
          call.end();
        },
      });
      const messages = await client.list("500").toArray();
      assert.deepEqual(
        messages.map(Number),
        Array.from({ length: 500 }, (_, index) => index),
      );
    });

    it("that are conversations", async () => {
      await start({
        talk: (call) => {
          call.on("data", (message: Buffer) => call.write(bytes(`<${message}>`)));
          call.on("end", () => call.end());
        },
      });
      const call = client.talk();
      for (const word of ["one", "two", "three"]) {
        call.write(bytes(word));
        const [answer] = await once(call, "data");
        assert.equal(String(answer), `<${word}>`);
      }
      call.end();
      const [{ code }] = await once(call, "status");
      assert.equal(code, status.OK);
    });

    it("whose server speaks first", async () => {
      await start({
        talk: (call) => {
          call.write(bytes("welcome"));
          call.on("data", () => call.end());
        },
      });
      const call = client.talk();
      const [greeting] = await once(call, "data");
      assert.equal(String(greeting), "welcome");
      call.end(bytes("bye"));
      await once(call, "status");
    });

    it("of 4 MB each way", async () => {
      await start({ ask: (call, reply) => reply(null, call.request) });
      const large = Buffer.alloc(4 * MEBIBYTE - 100, "0123456789");
      const { message, error } = await client.ask(large);
      assert.equal(error, undefined);
      assert.ok(message === large.toString());
    });

    it("at the same time, a thousand on one connection", async () => {
      await start({
        ask: (call, reply) => void setImmediate(() => reply(null, bytes(`<${call.request}>`))),
      });
      const answers = await Promise.all(
        Array.from({ length: 1_000 }, (_, index) => client.ask(String(index))),
      );
      for (const [index, { message }] of answers.entries()) assert.equal(message, `<${index}>`);
    });
  });

  describe("what goes with them", () => {
    it("metadata both ways, binary values and repeated ones included", async () => {
      const binary = Buffer.from([0, 1, 2, 253, 254, 255]);
      await start({
        ask: (call, reply) => {
          const initial = new Metadata();
          initial.set("x-echo", String(call.metadata.get("x-name")));
          initial.set("x-echo-bin", call.metadata.get("x-name-bin")[0] ?? "");
          call.sendMetadata(initial);
          const trailers = new Metadata();
          for (const value of call.metadata.get("x-list")) trailers.add("x-back", value);
          trailers.set("x-back-bin", binary);
          reply(null, bytes("x"), trailers);
        },
      });
      const metadata = new Metadata();
      metadata.set("x-name", "some name");
      metadata.set("x-name-bin", binary);
      metadata.add("x-list", "a");
      metadata.add("x-list", "b");
      const answer = await client.ask("x", {}, metadata);
      assert.deepEqual(answer.metadata.get("x-echo"), ["some name"]);
      assert.deepEqual(answer.metadata.get("x-echo-bin"), [binary]);
      assert.equal(answer.trailers.get("x-back").join(", "), "a, b");
      assert.deepEqual(answer.trailers.get("x-back-bin"), [binary]);
    });

    it("status codes and messages, details included", async () => {
      const details = Buffer.alloc(6_000, 7);
      await start({
        ask: (_call, reply) => {
          const metadata = new Metadata();
          metadata.set("grpc-status-details-bin", details);
          const error = { code: status.FAILED_PRECONDITION, details: "naïve — 100 %", metadata };
          reply(error, null);
        },
      });
      const { error, trailers } = await client.ask("x");
      assert.equal(error?.code, status.FAILED_PRECONDITION);
      assert.equal(error?.details, "naïve — 100 %");
      assert.deepEqual(trailers.get("grpc-status-details-bin"), [details]);
    });

    it("a status after messages", async () => {
      await start({
        list: (call) => {
          call.write(bytes("one"));
          call.emit("error", { code: status.ABORTED, details: "enough" });
        },
      });
      const call = client.list("x");
      const messages: string[] = [];
      call.on("data", (message: Buffer) => messages.push(String(message)));
      const [error] = (await once(call, "error")) as [ServiceError];
      assert.deepEqual([messages, error.code, error.details], [["one"], status.ABORTED, "enough"]);
    });

    it("that a method is not there", async () => {
      await start({});
      const { error } = await client.ask("x");
      assert.equal(error?.code, status.UNIMPLEMENTED);
    });
  });

  describe("how they end early", () => {
    it("a deadline is told to the server, and cancels there when it has passed", async () => {
      const seen: { left: number; cancelled: boolean } = { left: 0, cancelled: false };
      await start({
        ask: (call) => {
          seen.left = Number(call.getDeadline()) - Date.now();
          call.on("cancelled", () => {
            seen.cancelled = true;
          });
        },
      });
      const { error } = await client.ask("x", { deadline: Date.now() + 1_000 });
      assert.equal(error?.code, status.DEADLINE_EXCEEDED);
      await eventually(() => assert.ok(seen.cancelled));
      assert.ok(seen.left > 0 && seen.left <= 1_000, `${seen.left}`);
    });

    it("cancelled by the client, it is cancelled at the server", async () => {
      let cancelled = false;
      await start({
        list: (call) => {
          call.write(bytes("one"));
          call.on("cancelled", () => {
            cancelled = true;
          });
        },
      });
      const call = client.list("x");
      await once(call, "data");
      const ended = once(call, "error");
      call.cancel();
      const [error] = (await ended) as [ServiceError];
      assert.equal(error.code, status.CANCELLED);
      await eventually(() => assert.ok(cancelled));
    });

    it("the server may answer before the client has said everything", async () => {
      await start({
        collect: (_call, reply) =>
          reply({ code: status.RESOURCE_EXHAUSTED, details: "no more" }, null),
      });
      const { promise, resolve } = Promise.withResolvers<ServiceError | null>();
      const call = client.collect(resolve);
      call.on("error", () => undefined);
      call.write(bytes("one"));
      const error = await promise;
      assert.deepEqual([error?.code, error?.details], [status.RESOURCE_EXHAUSTED, "no more"]);
    });

    it("a server that goes away in the middle is UNAVAILABLE or INTERNAL, and never OK", async () => {
      const server = await start({ list: (call) => void call.write(bytes("one")) });
      const call = client.list("x");
      await once(call, "data");
      const ended = once(call, "error");
      server.close();
      const [error] = (await ended) as [ServiceError];
      assert.ok([status.UNAVAILABLE, status.INTERNAL].includes(error.code), error.message);
    });

    it("a server that goes away before it answers is UNAVAILABLE", async () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      const server = await start({ ask: () => resolve() });
      const answer = client.ask("x");
      await promise;
      server.close();
      assert.equal((await answer).error?.code, status.UNAVAILABLE);
    });

    it("a server that is not there is UNAVAILABLE, in the words of the mesh", async () => {
      const server = await start({});
      server.close();
      await eventually(async () => {
        const { error } = await client.ask("x");
        assert.equal(error?.code, status.UNAVAILABLE);
        assert.match(error?.details ?? "", /^docker-mesh: .*(does not accept|could be reached)/);
      });
    });

    it("a message that is too large for the server is its own error", async () => {
      await start({ ask: (_call, reply) => reply(null, bytes("x")) });
      const { error } = await client.ask(Buffer.alloc(9 * MEBIBYTE));
      assert.equal(error?.code, status.RESOURCE_EXHAUSTED);
    });
  });

  it("spreads the calls of one connection over the endpoints", async () => {
    const counts = [0, 0];
    for (const index of counts.keys())
      servers.push(
        await startGrpcServer({
          ask: (_call, reply) => {
            counts[index] = (counts[index] ?? 0) + 1;
            reply(null, bytes("x"));
          },
        }),
      );
    client = new GrpcClient(await way.open(servers.map(({ port }) => port)));
    for (let call = 0; call < 40; call += 1) await client.ask("x");
    assert.ok(
      counts.every((count) => count >= 10),
      counts.join(" and "),
    );
  });
}
