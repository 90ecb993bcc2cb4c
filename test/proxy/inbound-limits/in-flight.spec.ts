// What is counted as in flight to the application, and that every way to end gives its place back.
import assert from "node:assert/strict";
import { once } from "node:events";
import { type IncomingMessage, request, type Server } from "node:http";
import { connect, type Socket } from "node:net";
import { afterEach, beforeEach, describe, it } from "mocha";
import type { Protocol } from "../../../mesh/model.ts";
import { type Callers, connectCallers, type Place } from "../../helpers/callers.ts";
import { eventually } from "../../helpers/eventually.ts";
import { call } from "../../helpers/http-call.ts";
import { SidecarRig } from "../../helpers/sidecar-rig.ts";
import { createKey, ISSUER, keySet, tokenBy } from "../../helpers/tokens.ts";

const LIMITS = { "limits.inbound-requests": "1" };
const JWT = {
  "jwt.issuer": ISSUER,
  "jwt.jwks": "https://login.test/keys",
  "jwt.required": "false",
};

describe("the place of a request among those in flight", () => {
  let rig: SidecarRig;
  beforeEach(async () => {
    rig = await SidecarRig.create();
  });
  afterEach(async () => {
    await rig[Symbol.asyncDispose]();
  });

  /** Ends `/`, leaves everything else open, and echoes after an upgrade. */
  const application = (): Promise<number> =>
    rig.httpApplication(
      (incoming, response) => {
        if (incoming.url === "/") response.end("done");
        else if (incoming.url === "/lost") incoming.socket.destroy();
        else if (incoming.url !== "/silent") response.write("begun");
      },
      (server: Server) => {
        server.on("upgrade", (_: IncomingMessage, socket: Socket) => {
          socket.on("error", () => undefined);
          socket.write("HTTP/1.1 101 Go\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n");
          socket.pipe(socket);
        });
      },
    );
  const start = async (protocol: Protocol = "http"): Promise<Callers> => {
    const callers = await connectCallers(rig, await application(), protocol);
    await callers.callee.configure({ policy: LIMITS });
    return callers;
  };
  /** As many may come in as before: one. */
  const assertFree = async ({ outside }: Callers): Promise<void> => {
    await eventually(async () => assert.equal((await call(outside)).status, 200));
    assert.equal((await call(outside)).status, 200);
  };
  const dial = (at: Place): Socket => {
    const socket = connect(at).on("error", () => undefined);
    rig.defer(() => void socket.destroy());
    return socket;
  };
  const send = (at: Place, path: string, headers = {}) => {
    const outgoing = request({ ...at, path, headers, agent: false });
    outgoing.on("error", () => undefined).end();
    rig.defer(() => void outgoing.destroy());
    return outgoing;
  };
  /** Only one is let in. */
  const assertTaken = async ({ api }: Callers): Promise<void> =>
    eventually(async () => assert.equal((await call(api)).status, 503));

  for (const where of ["web", "outside"] as const) {
    const from = where === "web" ? "in the mesh" : "outside";

    it(`is free again when a caller ${from} gives up before or during the response`, async () => {
      const callers = await start();
      for (const path of ["/silent", "/begun"]) {
        const outgoing = send(callers[where], path);
        await assertTaken(callers);
        outgoing.destroy();
        await assertFree(callers);
      }
    });

    it(`is free again when the connection of a caller ${from} ends within a request's body`, async () => {
      const callers = await start();
      const socket = dial(callers[where]);
      socket.write("POST /silent HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc");
      await assertTaken(callers);
      socket.destroy();
      await assertFree(callers);
    });

    it(`is free again when an upgraded connection of a caller ${from} is over`, async () => {
      const callers = await start();
      const socket = dial(callers[where]);
      socket.write("GET /x HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n");
      await once(socket, "data");
      await assertTaken(callers);
      socket.destroy();
      await assertFree(callers);
    });

    it(`is not taken by what a caller ${from} is refused`, async () => {
      const callers = await start();
      const token = { authorization: "Bearer x.y.z" };
      const key = createKey("one");
      const good = { authorization: `Bearer ${tokenBy(key)}` };
      const policy = { ...LIMITS, ...JWT, "rule.x.action": "deny", "rule.x.path": "/x" };
      await callers.callee.configure({ policy, jwks: keySet(key) });
      for (let round = 0; round < 3; round += 1) {
        assert.equal((await call({ ...callers[where], path: "/x" })).status, 403);
        assert.equal((await call({ ...callers[where], headers: token })).status, 401);
        assert.equal((await call({ ...callers[where], headers: good })).status, 200);
        const givenUp = { authorization: `Bearer ${tokenBy(key, { round })}` };
        send(callers[where], "/silent", givenUp).destroy();
      }
      await assertFree(callers);
    });
  }

  it("is free again when the application is lost", async () => {
    const callers = await start();
    assert.equal((await call({ ...callers.outside, path: "/lost" })).status, 502);
    await assertFree(callers);
  });

  it("is free again when its caller is refused meanwhile", async () => {
    const callers = await start();
    send(callers.web, "/begun");
    await assertTaken(callers);
    await callers.callee.configure({ policy: { ...LIMITS, deny: "shop-web" } });
    await assertFree(callers);
  });

  it("is free again after byte streams, whoever ended them, and after those that were not let in", async () => {
    const port = await rig.tcpApplication((socket) => void socket.pipe(socket));
    const { callee, web, outside } = await connectCallers(rig, port, "tcp");
    const talk = async (at: Place): Promise<Socket> => {
      const socket = dial(at);
      socket.write("hello");
      await new Promise((resolve) => void socket.once("data", resolve).once("close", resolve));
      return socket;
    };
    const echoes = async (at: Place): Promise<void> => {
      await eventually(async () => {
        const socket = await talk(at);
        const { bytesRead } = socket;
        socket.destroy();
        assert.equal(bytesRead, 5);
      });
    };
    await callee.configure({ policy: LIMITS });
    const first = await talk(web);
    assert.equal(first.bytesRead, 5);
    assert.equal((await talk(outside)).bytesRead, 0);
    first.destroy();
    await echoes(outside);
    const second = await talk(web);
    assert.equal(second.bytesRead, 5);
    await callee.configure({ policy: { ...LIMITS, deny: "shop-web" } });
    assert.equal((await talk(web)).bytesRead, 0);
    await echoes(outside);
    await echoes(outside);
  });
});
