// Parts of the mesh that die: what goes on, what waits, and what is cleaned up when they are back.
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "mocha";
import { docker } from "../helpers/docker.ts";
import { eventually } from "../helpers/eventually.ts";
import { Mesh, Visitor } from "../helpers/mesh.ts";
import { ComposeProject, echoService, sidecarsOf } from "../helpers/project.ts";

const PROJECT = "mesh-test-faults";
const PORT = 18_081;

/** `front` is reached from outside and passes each request on to `echo` through the mesh. */
const FRONT = `
const http = require("node:http");
http.createServer(async (q, s) => {
  try {
    const r = await fetch("http://echo:8080/", { signal: AbortSignal.timeout(3000) });
    s.writeHead(r.status).end(await r.text());
  } catch (e) { s.writeHead(502).end(String(e.cause?.code ?? e)); }
}).listen(8080, "0.0.0.0");
`;

const MESHED = { "mesh.enable": "true" };
const NAMES = { [`${PROJECT}-front`]: 1, [`${PROJECT}-echo`]: 2 };

const file = (more: object = {}): object => ({
  services: {
    front: {
      ...echoService(MESHED, { ports: [`127.0.0.1:${PORT}:8080`] }),
      command: ["node", "-e", FRONT],
    },
    echo: echoService(MESHED, { deploy: { replicas: 2 } }),
    ...more,
  },
});

describe("faults", () => {
  let mesh: Mesh;
  let project: ComposeProject;
  let visitor: Visitor;

  const visit = async (): Promise<void> => {
    const response = await fetch(`http://127.0.0.1:${PORT}/`, {
      signal: AbortSignal.timeout(5_000),
    });
    if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
    await response.arrayBuffer();
  };
  const servedMore = async (count: number): Promise<void> => {
    const { served } = visitor;
    await eventually(
      () =>
        assert.ok(
          visitor.served >= served + count,
          `served ${visitor.served - served} of ${count}; ${visitor.failures.slice(-3).join("; ")}`,
        ),
      { timeout: 20_000 },
    );
  };

  before(async () => {
    mesh = await Mesh.start();
    project = await ComposeProject.up(PROJECT, file());
    await mesh.untilReady(NAMES);
    visitor = new Visitor(visit);
    await servedMore(10);
  });

  // A test that failed half way must not take the others with it.
  beforeEach(async () => {
    const paused = await docker("ps", "-q", "--filter", "status=paused");
    for (const id of paused.split("\n").filter(Boolean)) await docker("unpause", id);
    await mesh.compose("up", "-d");
    await project.change(file());
    await mesh.untilReady(NAMES);
    await servedMore(10);
    visitor.failures.length = 0;
  });

  after(async () => {
    await visitor?.stop();
    await project?.[Symbol.asyncDispose]();
    await mesh?.[Symbol.asyncDispose]();
  });

  it("agent killed: traffic goes on, and the next agent adopts the sidecars that are there", async () => {
    const sidecars = async (): Promise<string> =>
      await docker("ps", "-aq", "--no-trunc", "--filter", "label=docker-mesh.role=sidecar");
    const earlier = await sidecars();
    await docker("kill", await mesh.containerOf("agent"));
    await servedMore(50);
    await mesh.compose("up", "-d", "agent");
    await mesh.untilReady(NAMES);
    await servedMore(50);
    assert.deepEqual(visitor.failures, []);
    assert.equal(await sidecars(), earlier);
  });

  it("agent killed: a workload that goes meanwhile leaves no ghost in Consul", async () => {
    const [, second] = await project.containersOf("echo");
    await docker("kill", await mesh.containerOf("agent"));
    await docker("stop", String(second));
    await docker("rm", String(second));
    await mesh.compose("up", "-d", "agent");
    await mesh.untilReady({ [`${PROJECT}-front`]: 1, [`${PROJECT}-echo`]: 1 });
    const response = await fetch(`${mesh.consulAddress}/v1/catalog/service/${PROJECT}-echo`);
    assert.equal(((await response.json()) as unknown[]).length, 1);
    await eventually(async () => assert.deepEqual(await sidecarsOf(String(second)), []), {
      timeout: 20_000,
    });
    visitor.failures.length = 0;
    await servedMore(50);
    assert.deepEqual(visitor.failures, []);
  });

  it("sidecar of one replica killed: no request fails, and it comes back", async () => {
    const [echo] = await project.containersOf("echo");
    for (const sidecar of await sidecarsOf(String(echo))) await docker("kill", sidecar);
    await servedMore(50);
    await mesh.untilReady(NAMES);
    assert.deepEqual(visitor.failures, []);
    assert.equal((await sidecarsOf(String(echo))).length, 1);
  });

  it("workload restarted: it gets a new sidecar in its new network namespace", async () => {
    const [echo] = await project.containersOf("echo");
    const [earlier] = await sidecarsOf(String(echo));
    await docker("restart", String(echo));
    await mesh.untilReady(NAMES);
    const [later] = await sidecarsOf(String(echo));
    assert.notEqual(later, earlier);
    await servedMore(50);
    assert.deepEqual(visitor.failures, []);
  });

  it("workload paused: requests go to the other one", async () => {
    const [echo] = await project.containersOf("echo");
    await docker("pause", String(echo));
    await eventually(async () => {
      const { services } = await mesh.status();
      assert.equal(services.find(({ service }) => service === `${PROJECT}-echo`)?.passing, 1);
    });
    // What was on its way into the paused one waits there until its caller gives up: that one request is lost.
    await servedMore(5);
    visitor.failures.length = 0;
    await servedMore(50);
    await docker("unpause", String(echo));
    await mesh.untilReady(NAMES);
    assert.deepEqual(visitor.failures, []);
  });

  it("Consul killed: traffic goes on, the status says so, and new workloads are caught up with once it is back", async () => {
    await docker("kill", await mesh.containerOf("consul"));
    await mesh.untilProblem(/traffic goes on with what was known last/);
    await servedMore(50);
    await project.change(file({ late: echoService(MESHED) }));
    await servedMore(50);
    await mesh.compose("up", "-d", "consul");
    await mesh.untilReady({ ...NAMES, [`${PROJECT}-late`]: 1 }, 90_000);
    await eventually(
      async () => assert.equal((await project.fetch("late", "http://echo:8080/")).status, 200),
      { timeout: 20_000 },
    );
    await servedMore(50);
    assert.deepEqual(visitor.failures, []);
  });

  it("Consul killed: a replica that is removed meanwhile is not called", async () => {
    await docker("kill", await mesh.containerOf("consul"));
    const [, second] = await project.containersOf("echo");
    await docker("stop", String(second));
    await servedMore(50);
    await mesh.compose("up", "-d", "consul");
    await docker("start", String(second));
    await mesh.untilReady({ ...NAMES }, 90_000);
    assert.deepEqual(visitor.failures, []);
  });

  it("scale up and down: no request fails", async () => {
    await project.compose("up", "-d", "--no-recreate", "--scale", "echo=4");
    await mesh.untilReady({ [`${PROJECT}-echo`]: 4 });
    await project.compose("up", "-d", "--no-recreate", "--scale", "echo=1");
    await mesh.untilReady({ [`${PROJECT}-echo`]: 1 });
    await servedMore(20);
    assert.deepEqual(visitor.failures, []);
  });
});
