// The mesh without Consul: the embedded catalog, a certificate authority of its own, and certificates that live a minute.
import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, describe, it } from "mocha";
import { docker } from "../helpers/docker.ts";
import { eventually } from "../helpers/eventually.ts";
import { Mesh, Visitor } from "../helpers/mesh.ts";
import { ComposeProject, echoService } from "../helpers/project.ts";

const PROJECT = "mesh-test-embedded";
const PORT = 18_082;

/** Holds one TCP connection to `ticker` through the mesh and hands on what it hears. */
const HOLDER = `
const net = require("node:net");
net.createServer((client) => {
  const upstream = net.connect(7000, "ticker");
  upstream.pipe(client);
  client.pipe(upstream);
  for (const [a, b] of [[client, upstream], [upstream, client]]) a.on("error", () => b.destroy()).on("close", () => b.destroy());
}).listen(8080, "0.0.0.0");
`;

/** Speaks first and goes on speaking: ten lines a second. */
const TICKER = `
let count = 0;
require("node:net").createServer((socket) => {
  const timer = setInterval(() => socket.write("tick " + (count += 1) + "\\n"), 100);
  socket.on("error", () => {}).on("close", () => clearInterval(timer));
}).listen(7000, "0.0.0.0");
`;

describe("the embedded catalog", () => {
  let mesh: Mesh;
  let project: ComposeProject;

  before(async () => {
    mesh = await Mesh.start({ catalog: "embedded", leafLifetime: "60s" });
    project = await ComposeProject.up(PROJECT, {
      services: {
        holder: {
          ...echoService(
            { "mesh.enable": "true", "mesh.protocol": "tcp" },
            { ports: [`127.0.0.1:${PORT}:8080`] },
          ),
          command: ["node", "-e", HOLDER],
        },
        ticker: {
          ...echoService({ "mesh.enable": "true", "mesh.protocol": "tcp", "mesh.port": "7000" }),
          command: ["node", "-e", TICKER],
        },
        caller: echoService({ "mesh.enable": "true" }),
        echo: echoService({ "mesh.enable": "true" }),
      },
    });
    const names = ["holder", "ticker", "caller", "echo"].map((service) => [
      `${PROJECT}-${service}`,
      1,
    ]);
    await mesh.untilReady(Object.fromEntries(names));
  });

  after(async () => {
    await project?.[Symbol.asyncDispose]();
    await mesh?.[Symbol.asyncDispose]();
  });

  it("carries requests under SPIFFE ids of its own trust domain", async () => {
    const { status, echo } = await project.fetch("caller", "http://echo:8080/");
    assert.equal(status, 200);
    assert.match(
      echo?.headers["x-forwarded-client-cert"] ?? "",
      /URI=spiffe:\/\/[^/]+\/ns\/default\/dc\/[^/]+\/svc\/mesh-test-embedded-caller/,
    );
  });

  it("rotates certificates without dropping an open connection", async () => {
    const expiry = async (): Promise<number> => {
      const { workloads } = await mesh.status();
      return (
        workloads.find(({ service }) => service === `${PROJECT}-ticker`)?.certificateExpiresAt ?? 0
      );
    };
    const first = await expiry();
    let heard = 0;
    let closed = false;
    const socket = connect(PORT, "127.0.0.1");
    socket.on("data", () => {
      heard += 1;
    });
    socket.on("close", () => {
      closed = true;
    });
    await eventually(() => assert.ok(heard > 5), { timeout: 10_000 });
    await eventually(async () => assert.ok((await expiry()) > first, "no new certificate yet"), {
      timeout: 60_000,
    });
    const before = heard;
    await eventually(() => assert.ok(heard > before + 20), { timeout: 10_000 });
    assert.equal(closed, false);
    socket.destroy();
    assert.equal((await project.fetch("caller", "http://echo:8080/")).status, 200);
  });

  it("agent killed: traffic goes on, also right after the next agent started with an empty catalog", async () => {
    const visitor = new Visitor(async () => {
      const { status, body } = await project.fetch("caller", "http://echo:8080/");
      if (status !== 200) throw new Error(`${status} ${body}`);
    });
    await docker("kill", await mesh.containerOf("agent"));
    await eventually(() => assert.ok(visitor.served > 5), { timeout: 20_000 });
    await mesh.compose("up", "-d", "agent");
    await mesh.untilReady({ [`${PROJECT}-echo`]: 1, [`${PROJECT}-caller`]: 1 });
    const { served } = visitor;
    await eventually(() => assert.ok(visitor.served > served + 5), { timeout: 20_000 });
    await visitor.stop();
    assert.deepEqual(visitor.failures, []);
  });
});
