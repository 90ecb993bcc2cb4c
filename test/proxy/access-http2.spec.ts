// Who may call, for callers that speak HTTP/2 and gRPC, and what becomes of their streams when they no longer may.
import assert from "node:assert/strict";
import { once } from "node:events";
import type { ServerHttp2Stream } from "node:http2";
import { status as grpcStatus, type ServiceError } from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, it } from "mocha";
import { connectCallers, type Place } from "../helpers/callers.ts";
import { eventually } from "../helpers/eventually.ts";
import { SidecarRig } from "../helpers/sidecar-rig.ts";
import { closed, Http2Application, Http2Client } from "./http2/applications.ts";
import { GrpcClient, startGrpcServer } from "./http2/grpc-service.ts";

const GET = { ":path": "/", ":authority": "orders:8080" };
const ADMIN = { "rule.a.action": "deny", "rule.a.path-prefix": "/admin" } as const;
const TALK = { "rule.t.action": "deny", "rule.t.path": "/shop.Orders/Talk" } as const;

describe("access over HTTP/2", () => {
  let rig: SidecarRig;
  beforeEach(async () => {
    rig = await SidecarRig.create();
  });
  afterEach(async () => {
    await rig[Symbol.asyncDispose]();
  });

  const clientAt = ({ host, port }: Place): Http2Client => {
    const client = new Http2Client(port, host);
    rig.defer(() => client.close());
    return client;
  };
  /** Applications that answer what is said to them. */
  const echoing = async (): Promise<{ port: number; streams: ServerHttp2Stream[] }> => {
    const streams: ServerHttp2Stream[] = [];
    const application = await Http2Application.start((stream) => {
      streams.push(stream);
      stream.respond({ ":status": 200 });
      stream.pipe(stream);
    });
    rig.defer(() => application.close());
    return { port: application.port, streams };
  };
  const grpcApplication = async (): Promise<number> => {
    const server = await startGrpcServer({
      ask: (call, reply) => reply(null, call.request),
      list: (call) => void call.write(call.request),
      talk: (call) => void call.on("data", (message: Buffer) => call.write(message)),
    });
    rig.defer(() => server.close());
    return server.port;
  };
  const grpcAt = ({ host, port }: Place): GrpcClient => {
    const client = new GrpcClient(`${host}:${port}`);
    rig.defer(() => client.close());
    return client;
  };

  it("is judged for each stream, in whatever form its path is", async () => {
    const { port } = await echoing();
    const { callee, web, outside } = await connectCallers(rig, port, "http2");
    await callee.configure({ policy: ADMIN });
    for (const client of [clientAt(web), clientAt(outside)]) {
      const status = async (path: string, more = {}): Promise<number> =>
        Number((await client.call({ ...GET, ":path": path, ...more })).fields[":status"]);
      assert.equal(await status("/"), 200);
      assert.equal(await status("/admin"), 403);
      assert.equal(await status("/%61dmin?x"), 403);
      assert.equal(await status("/x/../admin/"), 403);
      assert.equal(await status("//admin"), 403);
      assert.equal(await status("/admin", { ":method": "HEAD" }), 403);
      assert.equal(await status("/admin", { ":method": "PURGE" }), 403);
    }
  });

  for (const where of ["in the mesh", "outside"] as const) {
    it(`that is taken away ends the streams of callers ${where}, and those that may go on do`, async () => {
      const { port, streams } = await echoing();
      const { callee, web, outside } = await connectCallers(rig, port, "http2");
      const client = clientAt(where === "outside" ? outside : web);
      const open = (path: string) =>
        client.request({ ...GET, ":path": path, ":method": "POST" }, false);
      const [ended, goesOn] = [open("/admin/x"), open("/x")];
      await Promise.all([once(ended, "response"), once(goesOn, "response")]);
      await callee.configure({ policy: ADMIN });
      assert.notEqual(await closed(ended), 0);
      goesOn.write("still here");
      assert.equal(String((await once(goesOn, "data"))[0]), "still here");
      await eventually(() => assert.equal(streams.filter((stream) => stream.closed).length, 1));
      assert.equal(callee.sidecar.report().counters.failures["ACCESS_DENIED"], 1);
    });
  }

  it("that is taken away before there is an answer is answered in gRPC's way", async () => {
    const { callee, web } = await connectCallers(rig, await grpcApplication(), "grpc");
    const failed = once(grpcAt(web).talk(), "error");
    await eventually(() => assert.equal(callee.sidecar.report().counters.inboundTls, 1));
    await callee.configure({ policy: TALK });
    const [error] = (await failed) as [ServiceError];
    assert.equal(error.code, grpcStatus.PERMISSION_DENIED);
  });

  it("that is taken away ends conversations and streams of gRPC", async () => {
    const { callee, web, api } = await connectCallers(rig, await grpcApplication(), "grpc");
    const talk = grpcAt(web).talk();
    const list = grpcAt(web).list("hello");
    const other = grpcAt(api).talk();
    rig.defer(() => void other.on("error", () => undefined));
    talk.write(Buffer.from("hello"));
    other.write(Buffer.from("hello"));
    await Promise.all([once(talk, "data"), once(list, "data"), once(other, "data")]);
    const failures = Promise.all([once(talk, "error"), once(list, "error")]);
    await callee.configure({ policy: { deny: "shop-web" } });
    await failures;
    other.write(Buffer.from("still here"));
    assert.equal(String((await once(other, "data"))[0]), "still here");
    const { error } = await grpcAt(web).ask("again");
    assert.equal(error?.code, grpcStatus.PERMISSION_DENIED);
  });
});
