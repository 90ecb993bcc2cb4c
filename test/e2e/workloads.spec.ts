// What one workload may be besides a plain HTTP service: several ports, high ones, upgrades, more than one network; and
// what happens to it and its sidecar when people rename it, make it anew, or make the agent anew.
import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { docker } from "../helpers/docker.ts";
import { eventually } from "../helpers/eventually.ts";
import { Mesh } from "../helpers/mesh.ts";
import { ComposeProject, echoService, sidecarsOf } from "../helpers/project.ts";

const PROJECT = "mesh-test-workloads";
const MANY = `${PROJECT}-many`;
const VERSION = "2.4.1";
const ENABLED = { "mesh.enable": "true" };

/** Says who called on 8080 and 40000, takes upgrades on 8080, and gives back on 7000 whatever it gets. */
const MANY_PORTS = `
const http = require("node:http");
const tell = (q, s) => s.end(JSON.stringify({ headers: q.headers }));
http.createServer(tell).on("upgrade", (q, socket, head) => {
  socket.write("HTTP/1.1 101 Switching Protocols\\r\\nConnection: Upgrade\\r\\nUpgrade: echo\\r\\n\\r\\n");
  socket.on("error", () => {}).write(head);
  socket.pipe(socket);
}).listen(8080, "0.0.0.0");
http.createServer(tell).listen(40000, "0.0.0.0");
require("node:net").createServer((socket) => socket.on("error", () => {}).pipe(socket)).listen(7000, "0.0.0.0");
`;

/** Prints what comes back. */
const SAY_ON_7000 = `
const socket = require("node:net").connect(7000, "many", () => socket.end("hello"));
socket.on("error", (e) => console.log(e.code)).on("data", (d) => console.log(String(d)));
`;
const SAY_AFTER_UPGRADE = `
const request = require("node:http").request("http://many:8080/", { headers: { connection: "Upgrade", upgrade: "echo" } });
request.on("error", (e) => console.log(e.code)).on("response", (r) => (console.log(r.statusCode), r.resume()));
request.on("upgrade", (_, socket) => socket.on("data", (d) => (console.log(String(d)), socket.end())).write("hello"));
request.end();
`;

interface CatalogService {
  readonly ServiceTags: readonly string[];
  readonly ServiceMeta: Readonly<Record<string, string>>;
}

describe("workloads", () => {
  let mesh: Mesh;
  let project: ComposeProject;

  const inCatalog = async (): Promise<readonly CatalogService[]> => {
    const response = await fetch(`${mesh.consulAddress}/v1/catalog/service/${MANY}`);
    return (await response.json()) as CatalogService[];
  };
  const called = async (from: string, url: string): Promise<void> => {
    const { status, body, echo } = await project.fetch(from, url);
    assert.equal(status, 200, body);
    const identity = echo?.headers["x-forwarded-client-cert"] ?? "";
    assert.match(
      identity,
      new RegExp(`URI=spiffe://[^/]+/ns/default/dc/dc1/svc/${PROJECT}-${from}$`),
    );
  };

  before(async () => {
    mesh = await Mesh.start();
    const ports = "web:8080, lines:7000/tcp, high:40000/http";
    project = await ComposeProject.up(PROJECT, {
      networks: { left: {}, right: {} },
      services: {
        near: echoService(ENABLED, { networks: ["left"] }),
        far: echoService(ENABLED, { networks: ["right"] }),
        many: {
          ...echoService(
            { ...ENABLED, "mesh.ports": ports, "mesh.version": VERSION },
            { networks: ["left", "right"] },
          ),
          command: ["node", "-e", MANY_PORTS],
        },
      },
    });
    await mesh.untilReady({ [`${PROJECT}-near`]: 1, [`${PROJECT}-far`]: 1, [MANY]: 1 });
  });

  after(async () => {
    await project?.[Symbol.asyncDispose]();
    await mesh?.[Symbol.asyncDispose]();
  });

  it("are called on each of their ports, by HTTP and by TCP", async () => {
    await called("near", "http://many:8080/");
    await called("near", "http://many:40000/");
    assert.equal(await project.exec("near", "node", "-e", SAY_ON_7000), "hello");
  });

  it("take upgrades", async () => {
    assert.equal(await project.exec("near", "node", "-e", SAY_AFTER_UPGRADE), "hello");
  });

  it("received all of that over mutual TLS, and have no problem", async () => {
    await eventually(
      async () => {
        const { workloads, problems } = await mesh.status();
        const { requests } = workloads.find(({ service }) => service === MANY) ?? {};
        assert.equal(requests?.inboundPlaintext, 0);
        assert.ok(requests.inboundTls >= 4, JSON.stringify(requests));
        assert.deepEqual(problems, []);
      },
      { timeout: 15_000 },
    );
  });

  it("show their version and ports in Consul", async () => {
    const [instance] = await inCatalog();
    assert.ok(instance !== undefined);
    assert.ok(instance.ServiceTags.includes(`version=${VERSION}`));
    assert.equal(instance.ServiceMeta["mesh-version"], VERSION);
    assert.match(
      instance.ServiceMeta["mesh-ports"] ?? "",
      /web:8080\/http.*lines:7000\/tcp.*high:40000\/http/,
    );
  });

  it("are called on the network that caller and callee share, as networks come and go", async () => {
    await called("far", "http://many:8080/");
    assert.doesNotMatch(await project.exec("near", "cat", "/etc/hosts"), /\bfar\b/);
    const [near] = await project.containersOf("near");
    await docker("network", "connect", `${PROJECT}_right`, String(near));
    await eventually(async () => await called("near", "http://far:8080/"), { timeout: 20_000 });
    await docker("network", "disconnect", `${PROJECT}_right`, String(near));
    await eventually(
      async () => assert.doesNotMatch(await project.exec("near", "cat", "/etc/hosts"), /\bfar\b/),
      { timeout: 20_000 },
    );
    await called("near", "http://many:8080/");
  });

  it("keep their sidecar when they are renamed, and the catalog hears of it", async () => {
    const [many] = await project.containersOf("many");
    const earlier = await sidecarsOf(String(many));
    await docker("rename", String(many), `${MANY}-renamed`);
    await eventually(
      async () => {
        const [instance] = await inCatalog();
        assert.equal(instance?.ServiceMeta["mesh-container-name"], `${MANY}-renamed`);
      },
      { timeout: 20_000 },
    );
    assert.deepEqual(await sidecarsOf(String(many)), earlier);
    await called("near", "http://many:8080/");
  });

  it("keep their sidecars when the agent is made anew, with another id, host name and address", async () => {
    const sidecars = async (): Promise<string> =>
      await docker("ps", "-aq", "--no-trunc", "--filter", "label=docker-mesh.role=sidecar");
    const earlier = await sidecars();
    const agent = await mesh.containerOf("agent");
    await mesh.compose("up", "-d", "--force-recreate", "agent");
    await mesh.untilReady({ [`${PROJECT}-near`]: 1, [MANY]: 1 });
    assert.notEqual(await mesh.containerOf("agent"), agent);
    assert.equal(await sidecars(), earlier);
    await called("near", "http://many:8080/");
  });

  it("leave nothing of themselves when they are made anew", async () => {
    const [earlier] = await project.containersOf("many");
    await project.compose("up", "-d", "--force-recreate", "many");
    await mesh.untilReady({ [MANY]: 1 });
    await eventually(async () => await called("near", "http://many:8080/"), { timeout: 20_000 });
    const [later] = await project.containersOf("many");
    assert.notEqual(later, earlier);
    await eventually(
      async () => {
        assert.deepEqual(await sidecarsOf(String(earlier)), []);
        assert.equal((await sidecarsOf(String(later))).length, 1);
        assert.equal((await inCatalog()).length, 1);
      },
      { timeout: 20_000 },
    );
  });
});
