// Clients outside the mesh and a gateway, as its users have them: labels on services, and compose/gateway.yaml.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { generate } from "selfsigned";
import { docker, meshCommand } from "../helpers/docker.ts";
import { eventually } from "../helpers/eventually.ts";
import {
  callHttp,
  callHttp2,
  callHttps,
  HTTP_PORT,
  HTTPS_PORT,
  TestGateway,
  upgrade,
} from "../helpers/gateway.ts";
import { Mesh, Visitor } from "../helpers/mesh.ts";
import { ComposeProject, type EchoAnswer, echoService } from "../helpers/project.ts";

const SHOP = "mesh-test-published";
const NETWORK = `${SHOP}_default`;

const AUTHORITY = `require("node:fs").readFileSync("/var/lib/mesh/gateway-authority.crt", "utf8")`;

/** Answers an upgrade, and then says everything twice. */
const TALKER = `
const server = require("node:http").createServer((q, s) => s.end("talker"));
server.on("upgrade", (q, socket) => {
  socket.write("HTTP/1.1 101 Switching Protocols\\r\\nconnection: upgrade\\r\\nupgrade: websocket\\r\\n\\r\\n");
  socket.on("data", (bytes) => socket.write(bytes + "" + bytes)).on("error", () => {});
});
server.listen(8080);
process.on("SIGTERM", () => process.exit(0));
`;

function published(labels: Readonly<Record<string, string>>): object {
  return echoService({ "mesh.enable": "true", ...labels });
}

const SERVICES = {
  web: published({ "mesh.gateway.host": "shop.test" }),
  api: published({ "mesh.gateway.host": "shop.test", "mesh.gateway.path": "/api" }),
  own: published({ "mesh.gateway.host": "own.test", "mesh.gateway.tls": "self-made" }),
  given: published({ "mesh.gateway.host": "*.given.test", "mesh.gateway.tls": "given" }),
  closed: published({ "mesh.gateway.host": "closed.test", "mesh.deny": "gateway" }),
  rival: published({ "mesh.gateway.host": "shop.test", "mesh.gateway.path": "/api/" }),
  talk: {
    ...echoService({ "mesh.enable": "true", "mesh.gateway.host": "talk.test" }),
    command: ["node", "-e", TALKER.replaceAll("$", "$$$$")],
  },
} as const;
const { rival: _rival, ...FIRST } = SERVICES;

function echoOf(body: string): EchoAnswer {
  return JSON.parse(body) as EchoAnswer;
}

describe("a gateway", () => {
  let mesh: Mesh;
  let shop: ComposeProject;
  let gateway: TestGateway;
  let given: { readonly cert: string; readonly private: string };

  before(async () => {
    mesh = await Mesh.start({ catalog: "embedded" });
    shop = await ComposeProject.up(SHOP, { services: FIRST });
    gateway = await TestGateway.start(NETWORK);
    await mesh.untilReady(
      Object.fromEntries(Object.keys(FIRST).map((name) => [`${SHOP}-${name}`, 1])),
    );
    await eventually(async () => assert.equal((await callHttp("shop.test")).status, 200));
  });

  after(async () => {
    await gateway?.[Symbol.asyncDispose]();
    await shop?.[Symbol.asyncDispose]();
    await mesh?.[Symbol.asyncDispose]();
  });

  it("leads hosts and paths to the services that claim them, and nobody else anywhere", async () => {
    const { body } = await callHttp("shop.test", { path: "/apis?x=1" });
    assert.equal(echoOf(body).url, "/apis?x=1");
    const [web, api] = [await callHttp("shop.test"), await callHttp("shop.test", { path: "/api" })];
    assert.notEqual(echoOf(web.body).replica, echoOf(api.body).replica);
    for (const host of ["other.test", "gateway", `${SHOP}-web`, "127.0.0.1"]) {
      const answer = await callHttp(host);
      assert.equal(answer.status, 404);
      assert.equal(answer.headers["x-mesh-failure"], "NOT_PUBLISHED");
      assert.match(answer.body, /^docker-mesh: nothing is published/);
    }
  });

  it("tells services who the client is, whatever the client says", async () => {
    const address = await gateway.addressOn(NETWORK);
    const script = `require("node:http").get({host:${JSON.stringify(address)},port:${HTTP_PORT},headers:{host:"shop.test","x-forwarded-for":"192.0.2.1","x-real-ip":"192.0.2.1",forwarded:"for=192.0.2.1","x-forwarded-proto":"https"}},(r)=>r.pipe(process.stdout))`;
    const { headers } = echoOf(await shop.exec("talk", "node", "-e", script));
    const [id] = await shop.containersOf("talk");
    const format = `{{(index .NetworkSettings.Networks "${NETWORK}").IPAddress}}`;
    assert.equal(
      headers["x-forwarded-for"],
      await docker("inspect", "--format", format, String(id)),
    );
    assert.equal(headers["x-forwarded-proto"], "http");
    assert.equal(headers["x-forwarded-host"], "shop.test");
    assert.equal(headers["x-forwarded-port"], String(HTTP_PORT));
    assert.equal(headers["x-real-ip"], undefined);
    assert.equal(headers["forwarded"], undefined);
    assert.match(String(headers["x-forwarded-client-cert"]), /;URI=spiffe:.*\/gateway$/);
  });

  it("makes certificates, sends plain HTTP to HTTPS, and speaks HTTP/2", async () => {
    const moved = await callHttp("own.test", { path: "/cart?id=7" });
    assert.equal(moved.status, 308);
    assert.equal(moved.headers.location, `https://own.test:${HTTPS_PORT}/cart?id=7`);
    const agent = await mesh.containerOf("agent");
    const authority = await docker("exec", agent, "node", "-p", AUTHORITY);
    const { body } = await callHttps("own.test", authority);
    assert.equal(echoOf(body).headers["x-forwarded-proto"], "https");
    const second = await callHttp2("own.test", authority);
    assert.deepEqual([second.status, second.protocol], [200, "h2"]);
    await assert.rejects(callHttps("shop.test", authority), "no certificate, no handshake");
  });

  it("presents given certificates, as soon as they are there", async () => {
    await mesh.untilProblem(/expected a certificate named "given"/);
    given = await generate([{ name: "commonName", value: "given" }], {
      keyType: "ec",
      extensions: [{ name: "subjectAltName", altNames: [{ type: 2, value: "*.given.test" }] }],
    });
    await withFiles({ "given.crt": given.cert, "given.key": given.private }, async (folder) => {
      const agent = await mesh.containerOf("agent");
      await docker("cp", `${folder}/.`, `${agent}:/var/lib/mesh/gateway/`);
    });
    await eventually(async () => {
      assert.equal((await callHttps("a.given.test", given.cert)).status, 200);
    });
    await assert.rejects(callHttps("a.b.given.test", given.cert));
  });

  it("changes protocols with clients", async () => {
    assert.equal(await upgrade("talk.test", "hey"), "heyhey");
  });

  it("calls under its own identity, which services may refuse", async () => {
    const { status, headers } = await callHttp("closed.test");
    assert.equal(status, 403);
    assert.equal(headers["x-mesh-failure"], "ACCESS_DENIED");
  });

  it("is seen by tap and explain, by its name", async () => {
    const explained = await meshCommand("explain", "gateway", `${SHOP}-web`, "GET", "/");
    assert.match(
      explained,
      /It is published: port 8080, http\n[\s\S]*\nResult: the request goes to /,
    );
    const visitor = new Visitor(
      async () => void (await callHttp("shop.test", { path: "/seen" })),
      100,
    );
    const tap = ["tap", "--from", "gateway", "--count", "1", "--format", "{{.Path}}"];
    assert.equal(await meshCommand(...tap).finally(() => visitor.stop()), "/seen");
  });

  it("leads nobody to what two services claim, and the status says so", async () => {
    await shop.change({ services: SERVICES });
    await mesh.untilProblem(/is claimed by mesh-test-published-api and mesh-test-published-rival/);
    await eventually(async () => {
      assert.equal((await callHttp("shop.test", { path: "/api/x" })).status, 404);
    });
    assert.equal((await callHttp("shop.test")).status, 200);
  });
});

async function withFiles(
  files: Readonly<Record<string, string>>,
  use: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "mesh-test-"));
  try {
    for (const [name, content] of Object.entries(files))
      await writeFile(join(folder, name), content);
    await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}
