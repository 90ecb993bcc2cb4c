// What `mesh.egress` lets an application call outside its networks, and what it refuses, seen from the application.
import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { generate } from "selfsigned";
import { docker, provided } from "../helpers/docker.ts";
import { eventually } from "../helpers/eventually.ts";
import { Mesh } from "../helpers/mesh.ts";
import { ComposeProject, echoService, sidecarsOf } from "../helpers/project.ts";

/** Where the host listens: no container's address, and so outside. */
const [HTTP, TLS, TCP] = [28_080, 28_443, 27_000];
/** Answers with the name by which it was called. */
const OUTSIDE = `
require("node:http").createServer((q, s) => s.end("http " + q.headers.host + "\\n")).listen(${HTTP});
require("node:tls").createServer({ key: process.env.KEY, cert: process.env.CERT }, (s) => s.end("tls " + s.servername)).listen(${TLS});
require("node:net").createServer((s) => s.on("error", () => {}).end("tcp")).listen(${TCP});
`;

/** Carries out calls one after the other, each told as one word or line: what was answered, or the error's code. */
const PROBE = `
const [net, tls, dgram] = ["net", "tls", "dgram"].map(require);
const told = (open) => new Promise((resolve) => {
  const socket = open();
  let text = "";
  socket.setTimeout(5000, () => resolve("nothing"));
  socket.on("error", (e) => resolve(e.code)).on("data", (d) => (text += d)).on("end", () => resolve(text));
});
const ways = {
  tcp: ([host, port]) => told(() => net.connect(port, host)),
  tls: ([host, port, servername]) => told(() => tls.connect({ host, port, servername, rejectUnauthorized: false })),
  http: ([host, port, ...names]) => told(() => {
    const socket = net.connect(port, host);
    const last = names.length - 1;
    const request = (n, i) => "GET / HTTP/1.1\\r\\nHost: " + n + (i === last ? "\\r\\nConnection: close" : "") + "\\r\\n\\r\\n";
    socket.on("connect", () => socket.write(names.map(request).join("")));
    return socket;
  }).then((text) => [...text.matchAll(/^HTTP\\/1.1 (\\d+)|^x-mesh-failure: (\\w+)|(http \\S*\\w)/gim)].map(([, ...g]) => g.find(Boolean)).join(" ") || text),
  udp: ([host, port]) => new Promise((resolve) => {
    const socket = dgram.createSocket("udp4");
    socket.send("x", port, host, (e) => (socket.close(), resolve(e ? e.code : "sent")));
  }),
};
(async () => {
  const results = [];
  for (const [way, ...call] of JSON.parse(process.argv[1])) results.push(await ways[way](call));
  console.log(JSON.stringify(results));
})();
`;

type Call = readonly [way: "tcp" | "tls" | "http" | "udp", host: string, port: number, ...string[]];

describe("egress", () => {
  let mesh: Mesh;
  let project: ComposeProject;
  /** An address of the host on a network that none of the containers is attached to. */
  let host: string;

  const tell = async (service: string, ...calls: Call[]): Promise<string[]> =>
    JSON.parse(await project.exec(service, "node", "-e", PROBE, JSON.stringify(calls))) as string[];

  before(async () => {
    const format = "{{(index .IPAM.Config 0).Gateway}}";
    host = (await docker("network", "inspect", "bridge", "--format", format)).trim();
    const { private: key, cert } = await generate([{ name: "commonName", value: "outside" }]);
    mesh = await Mesh.start({ catalog: "embedded" });
    const names = ["api.egress.test", "other.egress.test", "a.wild.egress.test"];
    const more = {
      extra_hosts: [...names.map((name) => `${name}:${host}`), "inner.egress.test:127.0.0.1"],
    };
    const list = `api.egress.test:${HTTP}, api.egress.test:${TLS}, *.wild.egress.test:${TLS}, inner.egress.test:${HTTP}`;
    const meshed = (egress: object): object =>
      echoService({ "mesh.enable": "true", ...egress }, more);
    project = await ComposeProject.up("mesh-test-egress", {
      services: {
        outside: {
          image: provided("MESH_DEMO_IMAGE"),
          command: ["node", "-e", OUTSIDE],
          environment: { KEY: key, CERT: cert },
          network_mode: "host",
          init: true,
        },
        open: meshed({}),
        deny: meshed({ "mesh.egress": "deny" }),
        listed: meshed({ "mesh.egress": list }),
        ranges: meshed({ "mesh.egress": `${host}:${TCP}` }),
        neighbour: echoService({}),
        stranger: echoService({}, { networks: ["elsewhere"] }),
      },
      networks: { elsewhere: {} },
    });
    const name = (service: string): string => `${project.name}-${service}`;
    await mesh.untilReady(
      Object.fromEntries(["open", "deny", "listed", "ranges"].map((each) => [name(each), 1])),
    );
  });

  after(async () => {
    await project?.[Symbol.asyncDispose]();
    await mesh?.[Symbol.asyncDispose]();
  });

  it("leaves an application without the label alone", async () => {
    const answers = await tell(
      "open",
      ["http", "api.egress.test", HTTP, "api.egress.test"],
      ["tls", "other.egress.test", TLS, "other.egress.test"],
      ["tcp", host, TCP],
    );
    assert.deepEqual(answers, ["200 http api.egress.test", "tls other.egress.test", "tcp"]);
  });

  it("lets an application run only when it is held to what it may call", async () => {
    const log = await docker("logs", await mesh.containerOf("agent"));
    for (const service of ["deny", "listed", "ranges"])
      assert.match(log, new RegExp(`resume ${project.name}-${service}-1: its sidecar is ready`));
    assert.doesNotMatch(log, new RegExp(`resume ${project.name}-open-1`));
  });

  it("refuses all that leaves at once under deny, whatever the protocol", async () => {
    const answers = await tell(
      "deny",
      ["http", "api.egress.test", HTTP, "api.egress.test"],
      ["tls", "api.egress.test", TLS, "api.egress.test"],
      ["tcp", host, TCP],
      ["udp", host, TCP],
    );
    assert.deepEqual(answers, ["ECONNREFUSED", "ECONNREFUSED", "ECONNREFUSED", "EPERM"]);
  });

  for (const service of ["deny", "listed"]) {
    it(`lets a service with ${service} call the mesh and the containers beside it`, async () => {
      for (const callee of ["open", "neighbour"]) {
        const { status, body } = await project.fetch(service, `http://${callee}:8080/`);
        assert.equal(status, 200, `${callee}: ${body}`);
      }
      assert.equal((await project.fetch("neighbour", `http://${service}:8080/`)).status, 200);
    });
  }

  it("lets listed names out by SNI and by Host, and no others at the same address", async () => {
    const answers = await tell(
      "listed",
      ["http", "api.egress.test", HTTP, `api.egress.test:${HTTP}`],
      ["http", "other.egress.test", HTTP, "other.egress.test"],
      ["http", host, HTTP, `${host}:${HTTP}`],
      ["tls", "api.egress.test", TLS, "api.egress.test"],
      ["tls", "a.wild.egress.test", TLS, "a.wild.egress.test"],
      ["tls", "other.egress.test", TLS, "other.egress.test"],
      ["tls", host, TLS],
      ["tcp", host, TCP],
    );
    const denied = "403 EGRESS_DENIED";
    assert.deepEqual(answers, [
      ...[`200 http api.egress.test:${HTTP}`, denied, denied],
      ...["tls api.egress.test", "tls a.wild.egress.test", "ECONNRESET", "ECONNRESET"],
      "ECONNREFUSED",
    ]);
  });

  it("judges each request of a connection by its own Host", async () => {
    const names = ["api.egress.test", "other.egress.test", "api.egress.test"];
    const [answers] = await tell("listed", ["http", host, HTTP, ...names]);
    assert.equal(answers, "200 http api.egress.test 403 EGRESS_DENIED 200 http api.egress.test");
  });

  it("goes where the name leads, not to the address that was called", async () => {
    const nowhere = "203.0.113.1";
    const answers = await tell(
      "listed",
      ["tls", nowhere, TLS, "api.egress.test"],
      ["http", nowhere, HTTP, "api.egress.test"],
      ["http", nowhere, HTTP, "inner.egress.test"],
    );
    const inner = "503 EGRESS_UNREACHABLE";
    assert.deepEqual(answers, ["tls api.egress.test", "200 http api.egress.test", inner]);
  });

  it("lets listed addresses be called by any protocol, on their port alone", async () => {
    const answers = await tell("ranges", ["tcp", host, TCP], ["tcp", host, HTTP]);
    assert.deepEqual(answers, ["tcp", "ECONNREFUSED"]);
  });

  it("says in the sidecar's log and in the status what was refused", async () => {
    const [listed] = await project.containersOf("listed");
    const [sidecar] = await sidecarsOf(String(listed));
    const log = await docker("logs", String(sidecar));
    assert.match(log, /refused a call to a host outside.*other\.egress\.test:28443/);
    await eventually(async () => {
      const { workloads } = await mesh.status();
      const found = workloads.find(({ service }) => service === `${project.name}-listed`);
      assert.ok((found?.requests.failures["EGRESS_DENIED"] ?? 0) >= 4);
    });
  });

  it("takes a network that is attached later for inside", async () => {
    const [deny] = await project.containersOf("deny");
    const [stranger] = await project.containersOf("stranger");
    const format = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
    const address = (await docker("inspect", "--format", format, String(stranger))).trim();
    assert.deepEqual(await tell("deny", ["tcp", address, 8080]), ["ECONNREFUSED"]);
    await docker("network", "connect", `${project.name}_elsewhere`, String(deny));
    await eventually(async () => {
      assert.equal((await project.fetch("deny", `http://${address}:8080/`)).status, 200);
    });
  });
});
