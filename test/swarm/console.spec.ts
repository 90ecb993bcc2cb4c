// The console on a swarm, as its file installs it: on every node, over TLS, with one pair of tokens.
import assert from "node:assert/strict";
import { request } from "node:https";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { after, before, describe, it } from "mocha";
import { run } from "../../scripts/command.ts";
import type { SwarmNode } from "../../scripts/swarm/node.ts";
import { MESH_STACK, MESH_STACK_FILE } from "../../scripts/swarm/stacks.ts";
import type { Swarm } from "../../scripts/swarm/swarm.ts";
import { TestAuthority } from "../helpers/certificates.ts";
import { provided } from "../helpers/docker.ts";
import { eventually } from "../helpers/eventually.ts";
import { startTestSwarm } from "../helpers/swarm.ts";
import { SwarmMesh } from "../helpers/swarm-mesh.ts";

const CONSOLE_FILE = fileURLToPath(new URL("../../compose/stack-console.yaml", import.meta.url));
const TOKEN = "a token of 16 characters and more".replaceAll(" ", "-");
const NAME = "nodes.example";

interface Answer {
  readonly status: number;
  /** As it is to be sent back. */
  readonly cookie: string;
  readonly body: string;
}

describe("the console on a swarm", function () {
  this.timeout(180_000);

  let swarm: Swarm;
  let authority: TestAuthority;

  before(async () => {
    const images = [provided("MESH_IMAGE"), provided("MESH_CONSUL_IMAGE")];
    swarm = await startTestSwarm({ nodes: 2, images });
    await SwarmMesh.deploy(swarm);
    authority = await TestAuthority.create();
    const { certificate, privateKey } = await authority.issue([{ type: 2, value: NAME }]);
    const secrets = {
      certificate,
      key: privateKey,
      token: TOKEN,
      "viewer-token": `${TOKEN}-of-viewers`,
    };
    for (const [name, content] of Object.entries(secrets))
      await createSecret(`mesh-console-${name}`, content);
    await deploy();
  });

  after(async () => await swarm?.remove());

  async function createSecret(name: string, content: string): Promise<void> {
    const { socket } = await swarm.manager();
    const create = ["--host", `unix://${socket}`, "secret", "create", name, "-"];
    await run("docker", create, { input: Readable.from([content]) });
  }

  async function deploy(): Promise<void> {
    const { socket } = await swarm.manager();
    const files = ["--compose-file", MESH_STACK_FILE, "--compose-file", CONSOLE_FILE];
    const command = ["--host", `unix://${socket}`, "stack", "deploy", "--resolve-image", "never"];
    await run("docker", [...command, ...files, MESH_STACK], {
      environment: {
        ...{ MESH_IMAGE: provided("MESH_IMAGE"), MESH_CONSUL_IMAGE: provided("MESH_CONSUL_IMAGE") },
        ...{ MESH_DOCKER_SOCKET_DIRECTORY: "/var/run", MESH_DOCKER_SOCKET_NAME: "docker.sock" },
        MESH_CONSUL_SERVERS: "1",
      },
    });
  }

  async function ask(
    { address }: SwarmNode,
    path: string,
    { method = "GET", cookie = "", body = "" } = {},
  ): Promise<Answer> {
    const answered = Promise.withResolvers<Answer>();
    request({
      ...{ host: address, port: 8600, path, method, agent: false },
      ...{ ca: authority.root, servername: NAME, timeout: 5_000 },
      headers: {
        host: NAME,
        origin: `https://${NAME}`,
        "content-type": "application/json",
        cookie,
      },
    })
      .once("error", answered.reject)
      .once("response", (response) => {
        const { statusCode: status = 0, headers } = response;
        const [set = ""] = headers["set-cookie"]?.[0]?.split(";") ?? [];
        text(response).then(
          (read) => answered.resolve({ status, cookie: set, body: read }),
          answered.reject,
        );
      })
      .end(body);
    return await answered.promise;
  }

  async function logIn(node: SwarmNode, token: string): Promise<Answer> {
    const body = JSON.stringify({ token });
    return await ask(node, "/api/session", { method: "POST", body });
  }

  it("is at every node's address, for who has the swarm's tokens", async () => {
    for (const node of swarm.nodes) {
      const admin = await eventually(async () => await logIn(node, TOKEN), {
        timeout: 90_000,
        interval: 500,
      });
      assert.equal(admin.status, 200, admin.body);
      const viewer = await logIn(node, `${TOKEN}-of-viewers`);
      assert.equal(JSON.parse(viewer.body).role, "viewer");
      assert.equal((await logIn(node, "another token")).status, 401);
    }
  });

  it("has Consul's UI on every node, which may change intentions there", async () => {
    for (const node of swarm.nodes) {
      const { cookie } = await logIn(node, TOKEN);
      assert.match((await ask(node, "/ui/", { cookie })).body, /<title>Consul/);
      const intention = { SourceName: node.name, DestinationName: "orders", Action: "deny" };
      const body = JSON.stringify(intention);
      const created = await ask(node, "/v1/connect/intentions", { method: "POST", cookie, body });
      assert.equal(created.status, 200, created.body);
    }
  });

  it("is nowhere in plaintext", async () => {
    for (const { address } of swarm.nodes) await assert.rejects(fetch(`http://${address}:8600/`));
  });
});
