// How a sidecar asks its application, and what it makes of the answers.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer as createHttpServer, type RequestListener } from "node:http";
import { type AddressInfo, createServer, type Server } from "node:net";
import {
  Server as GrpcServer,
  status as grpcStatus,
  ServerCredentials,
  type ServiceError,
} from "@grpc/grpc-js";
import { afterEach, describe, it } from "mocha";
import type { CheckPolicy } from "../../../mesh/policy/policy.ts";
import { checkPort } from "../../../proxy/check/check-port.ts";
import { healthRequest, readHealth } from "../../../proxy/check/grpc-health.ts";
import { type ApplicationState, ProbeJudge, probeApplication } from "../../../proxy/check/probe.ts";
import type { ApplicationCheck, InboundPort } from "../../../proxy/configuration/snapshot.ts";
import { eventually } from "../../helpers/eventually.ts";
import { freePort } from "../../helpers/free-port.ts";
import { ManualClock } from "../../helpers/manual-clock.ts";

const FOREVER: AbortSignal = new AbortController().signal;

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

function portWith(applicationPort: number, check: ApplicationCheck): InboundPort {
  return {
    ...{ name: "main", protocol: "http", applicationPort, tlsPort: 1, plaintextPort: undefined },
    check,
  };
}

const ask = (port: number, check: ApplicationCheck, timeout = 2_000): Promise<string | undefined> =>
  checkPort(portWith(port, check), timeout, FOREVER);

async function listening(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  closing.push(() => void server.close());
  return (server.address() as AddressInfo).port;
}

const httpServer = (listener: RequestListener): Promise<number> => {
  const server = createHttpServer(listener);
  closing.push(() => server.closeAllConnections());
  return listening(server);
};

/** Accepts and says nothing. */
const silentServer = (): Promise<number> =>
  listening(
    createServer((socket) => {
      socket.on("error", () => undefined);
      closing.push(() => void socket.destroy());
    }),
  );

type Answer = (service: string) => Buffer | Partial<ServiceError>;

/** A gRPC server with the health service, as Node's own implementation speaks it. */
async function healthServer(answer: Answer): Promise<number> {
  const server = new GrpcServer();
  const check = {
    ...{ path: "/grpc.health.v1.Health/Check", requestStream: false, responseStream: false },
    requestSerialize: (message: Buffer) => message,
    requestDeserialize: (message: Buffer) => ({ service: message.subarray(2).toString() }),
    responseSerialize: (message: Buffer) => message,
    responseDeserialize: (message: Buffer) => message,
  } as const;
  server.addService(
    { check },
    {
      check: (
        call: { request: { service: string } },
        done: (error: Partial<ServiceError> | null, value?: Buffer) => void,
      ) => {
        const found = answer(call.request.service);
        if (Buffer.isBuffer(found)) done(null, found);
        else done(found);
      },
    },
  );
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
    if (error === null) resolve(port);
    else reject(error);
  });
  closing.push(() => server.forceShutdown());
  return promise;
}

const health = (status: number): Buffer => Buffer.from([8, status]);

describe("a check of the application", () => {
  it("by a connection passes when the port accepts one", async () => {
    assert.equal(await ask(await silentServer(), { kind: "tcp" }), undefined);
  });

  it("by a connection fails when nobody listens", async () => {
    const port = await freePort();
    const found = await ask(port, { kind: "tcp" });
    assert.match(String(found), new RegExp(`^a connection on port ${port} failed: .*REFUSED`));
  });

  for (const [status, passes] of [
    [200, true],
    [204, true],
    [302, true],
    [404, false],
    [503, false],
  ] as const) {
    it(`by a request ${passes ? "passes" : "fails"} with status ${status}`, async () => {
      const port = await httpServer((_, response) => response.writeHead(status).end());
      const found = await ask(port, { kind: "http", path: "/ready" });
      const expected = `GET /ready on port ${port} failed: expected status 2xx or 3xx, found ${status}`;
      assert.equal(found, passes ? undefined : expected);
    });
  }

  for (const check of [
    { kind: "http", path: "/" },
    { kind: "grpc", service: "" },
  ] as const) {
    it(`by ${check.kind} fails after the time it has`, async () => {
      const found = await ask(await silentServer(), check, 50);
      assert.match(String(found), /no answer within 50 ms$/);
    });
  }

  it("by gRPC passes when the service says SERVING", async () => {
    const asked: string[] = [];
    const port = await healthServer((service) => {
      asked.push(service);
      return health(1);
    });
    assert.equal(await ask(port, { kind: "grpc", service: "shop.Orders" }), undefined);
    assert.equal(await ask(port, { kind: "grpc", service: "" }), undefined);
    assert.deepEqual(asked, ["shop.Orders", ""]);
  });

  const REFUSALS: readonly (readonly [what: string, answer: Answer, found: RegExp])[] = [
    ["NOT_SERVING", () => health(2), /expected SERVING, found NOT_SERVING$/],
    ["nothing, which is UNKNOWN", () => Buffer.alloc(0), /found UNKNOWN$/],
    ["something else", () => Buffer.from("hello"), /found a message that is no health answer$/],
    [
      "that it does not know the service",
      () => ({ code: grpcStatus.NOT_FOUND, details: "unknown service" }),
      /found gRPC status 5 unknown service$/,
    ],
  ];
  for (const [what, answer, found] of REFUSALS) {
    it(`by gRPC fails when the service says ${what}`, async () => {
      assert.match(
        String(await ask(await healthServer(answer), { kind: "grpc", service: "" })),
        found,
      );
    });
  }

  it("by gRPC fails when the server has no health service", async () => {
    const server = new GrpcServer();
    const { promise, resolve } = Promise.withResolvers<number>();
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (_, port) => resolve(port));
    closing.push(() => server.forceShutdown());
    assert.match(String(await ask(await promise, { kind: "grpc", service: "" })), /gRPC status 12/);
  });

  it("by gRPC fails when the port speaks HTTP/1.1, or nobody listens", async () => {
    const port = await httpServer((_, response) => response.end());
    assert.match(String(await ask(port, { kind: "grpc", service: "" })), /failed: /);
    assert.match(String(await ask(await freePort(), { kind: "grpc", service: "" })), /REFUSED/);
  });

  it("of none passes always", async () => {
    assert.equal(await ask(await freePort(), { kind: "none" }), undefined);
  });

  it("rejects when the sidecar ends", async () => {
    const signal = AbortSignal.abort(new Error("the sidecar ends"));
    await assert.rejects(checkPort(portWith(1, { kind: "grpc", service: "" }), 1_000, signal), {
      message: "the sidecar ends",
    });
  });
});

describe("the messages of gRPC's health service", () => {
  it("carry names of any length", () => {
    const long = "s".repeat(300);
    const frame = healthRequest(long);
    assert.equal(frame.readUInt32BE(1), frame.length - 5);
    assert.deepEqual([...frame.subarray(5, 8)], [0x0a, 0xac, 0x02]);
    assert.equal(frame.subarray(8).toString(), long);
  });

  const FRAMES: readonly (readonly [bytes: readonly number[], status: string])[] = [
    [[0, 0, 0, 0, 2, 8, 1], "SERVING"],
    [[0, 0, 0, 0, 2, 8, 3], "SERVICE_UNKNOWN"],
    [[0, 0, 0, 0, 2, 8, 9], "status 9"],
    [[1, 0, 0, 0, 2, 8, 1], "a message that is compressed or cut short"],
    [[0, 0, 0, 0, 3, 8, 1], "a message that is compressed or cut short"],
    [[0, 0, 0], "no message"],
  ];
  for (const [bytes, status] of FRAMES) {
    it(`${bytes.join(" ")} says ${status}`, () => {
      assert.equal(readHealth(Buffer.from(bytes)), status);
    });
  }
});

describe("the probe of the application", () => {
  const states = (thresholds: readonly [number, number], rounds: string): string => {
    const judge = new ProbeJudge();
    const [unhealthyThreshold, healthyThreshold] = thresholds;
    return [...rounds]
      .map((round) => {
        const problems = round === "+" ? [] : ["no"];
        return judge.judge(problems, { unhealthyThreshold, healthyThreshold }).application[0];
      })
      .join("");
  };
  // s starting, p passing, c critical
  const CASES: readonly (readonly [
    thresholds: readonly [number, number],
    rounds: string,
    states: string,
  ])[] = [
    [[2, 1], "---+-+--", "sccppppc"],
    [[3, 1], "+--+---+", "ppppppcp"],
    [[1, 1], "+-+", "pcp"],
    [[2, 3], "--+--++-+++", "scppccccccp"],
    [[1, 2], "-+-++", "cpccp"],
  ];
  for (const [[unhealthy, healthy], rounds, expected] of CASES) {
    it(`with ${unhealthy} failures and ${healthy} passes, after ${rounds} has been ${expected}`, () => {
      assert.equal(states([unhealthy, healthy], rounds), expected);
    });
  }

  it("says all that is wrong", () => {
    const thresholds = { unhealthyThreshold: 1, healthyThreshold: 1 };
    const { applicationNote } = new ProbeJudge().judge(["no", "neither"], thresholds);
    assert.equal(applicationNote, "no; neither");
  });

  it("asks at short intervals until the first pass, then at those of the policy, changed or not", async () => {
    const clock = new ManualClock();
    const stop = new AbortController();
    let check: CheckPolicy | undefined;
    const seen: ApplicationState[] = [];
    const port = await silentServer();
    const questions = (): { ports: readonly InboundPort[]; check: CheckPolicy } | undefined =>
      check === undefined ? undefined : { ports: [portWith(port, { kind: "tcp" })], check };
    const report = (state: ApplicationState): void => void seen.push(state);
    const probing = probeApplication({ clock, questions, report }, stop.signal);
    const asleep = (rounds: number): Promise<void> =>
      eventually(() => {
        assert.equal(seen.length, rounds);
        assert.equal(clock.sleeping, 1);
      });
    await asleep(0);
    check = { interval: 5_000, timeout: 1_000, unhealthyThreshold: 2, healthyThreshold: 1 };
    clock.advance(10);
    await asleep(1);
    clock.advance(4_999);
    await asleep(1);
    check = { ...check, interval: 100 };
    clock.advance(1);
    await asleep(2);
    clock.advance(100);
    await asleep(3);
    stop.abort(new Error("over"));
    await assert.rejects(probing, { message: "over" });
  });
});
