// The agent's API over TCP: never without TLS and a token, and the unix socket beside it as ever.
import assert from "node:assert/strict";
import { once } from "node:events";
import { request } from "node:https";
import { connect } from "node:net";
import { json } from "node:stream/consumers";
import { after, before, describe, it } from "mocha";
import { TestAuthority } from "../helpers/certificates.ts";
import { docker, meshCommand, provided } from "../helpers/docker.ts";
import { eventually } from "../helpers/eventually.ts";
import { Mesh } from "../helpers/mesh.ts";

const PORT = 18_400;
const TOKEN = "0123456789abcdef0123456789abcdef";
const STATE = "/var/lib/mesh";
const LISTEN = { MESH_API_LISTEN: `0.0.0.0:${PORT}` };
const FILES = {
  MESH_API_TLS_CERT: `${STATE}/api.crt`,
  MESH_API_TLS_KEY: `${STATE}/api.key`,
  MESH_API_TOKEN_FILE: `${STATE}/api.token`,
};

interface Answer {
  readonly status: number;
  readonly etag: string | undefined;
  readonly body: Readonly<Record<string, unknown>>;
}

describe("the API over TCP", () => {
  let mesh: Mesh;
  let authority: TestAuthority;

  before(async () => {
    authority = await TestAuthority.create();
    mesh = await Mesh.start({ catalog: "embedded" });
  });

  after(async () => await mesh?.[Symbol.asyncDispose]());

  /** Makes the agent anew with other variables. */
  const remake = async (environment: Readonly<Record<string, string>>): Promise<void> => {
    const ports = [`127.0.0.1:${PORT}:${PORT}`];
    await mesh.change({ services: { agent: { environment, ports } } }, "agent");
  };

  /** As root's, which the agent may read: in a directory of the host they would be the tester's. */
  const keepFiles = async (): Promise<void> => {
    const { certificate, privateKey } = await authority.issue([{ type: 2, value: "node.example" }]);
    const script =
      "for (let at = 1; at < process.argv.length; at += 2) require('fs').writeFileSync(process.argv[at], process.argv[at + 1], { mode: 0o600 })";
    const files = [
      ...[FILES.MESH_API_TLS_CERT, certificate, FILES.MESH_API_TLS_KEY, privateKey],
      ...[FILES.MESH_API_TOKEN_FILE, `${TOKEN}\n`],
    ];
    const mount = `mesh-test_state:${STATE}`;
    await docker(
      "run",
      "--rm",
      "-v",
      mount,
      provided("MESH_IMAGE"),
      "node",
      "-e",
      script,
      ...files,
    );
  };

  const ask = async (
    path: string,
    {
      method = "GET",
      headers = {},
      body = "",
    }: { method?: string; headers?: object; body?: string } = {},
  ): Promise<Answer> => {
    const answer = Promise.withResolvers<Answer>();
    const options = {
      ...{ host: "127.0.0.1", port: PORT, path, method, agent: false, timeout: 5_000 },
      ...{ ca: authority.root, servername: "node.example" },
      headers: { "content-type": "application/json", ...headers },
    };
    request(options, (response) => {
      const {
        statusCode: status = 0,
        headers: { etag },
      } = response;
      json(response).then(
        (found) => answer.resolve({ status, etag, body: found as Answer["body"] }),
        answer.reject,
      );
    })
      .on("error", answer.reject)
      .end(body);
    return await answer.promise;
  };

  const bearer = (token: string): { authorization: string } => ({
    authorization: `Bearer ${token}`,
  });

  it("does not begin without certificate, key and token", async () => {
    await remake(LISTEN);
    await eventually(
      async () => {
        const log = await mesh.compose("logs", "--no-log-prefix", "agent");
        for (const name of Object.keys(FILES))
          assert.match(log, new RegExp(`${name}: expected the file`));
      },
      { timeout: 15_000 },
    );
    await assert.rejects(mesh.status());
  });

  it("serves who bears the token", async () => {
    await keepFiles();
    await remake({ ...LISTEN, ...FILES });
    const { status, body } = await eventually(
      async () => await ask("/v1/status", { headers: bearer(TOKEN) }),
      { timeout: 15_000 },
    );
    assert.equal(status, 200);
    assert.equal((body["agent"] as { catalog: string }).catalog, "embedded");
  });

  it("refuses who bears another one, or none", async () => {
    for (const headers of [
      {},
      bearer(`${TOKEN}0`),
      bearer(""),
      { authorization: `Basic ${TOKEN}` },
    ]) {
      const { status, body } = await ask("/v1/status", { headers });
      assert.equal(status, 401);
      assert.match(JSON.stringify(body), /UNAUTHORIZED/);
    }
  });

  it("answers nothing in plaintext", async () => {
    const socket = connect(PORT, "127.0.0.1");
    socket.write(`GET /v1/status HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${TOKEN}\r\n\r\n`);
    let heard = "";
    await once(socket, "connect");
    const closed = Promise.withResolvers<void>();
    socket.on("data", (bytes) => (heard += bytes.toString("latin1")));
    socket.on("error", () => undefined).on("close", () => closed.resolve());
    await closed.promise;
    assert.doesNotMatch(heard, /HTTP\/1|agent/);
  });

  it("changes policies for whoever says which version is replaced, and the command sees it", async () => {
    const path = "/v1/services/*/policy";
    const put = async (condition: object, timeout: string): Promise<Answer> =>
      await ask(path, {
        ...{ method: "PUT", body: JSON.stringify({ timeouts: { request: timeout } }) },
        headers: { ...bearer(TOKEN), ...condition },
      });
    const first = await put({ "if-none-match": "*" }, "7s");
    assert.equal(first.status, 200, JSON.stringify(first.body));
    const second = await put({ "if-match": first.etag }, "8s");
    assert.equal(second.status, 200, JSON.stringify(second.body));
    const late = await put({ "if-match": first.etag }, "9s");
    assert.equal(late.status, 412);
    assert.match(JSON.stringify(late.body), /POLICY_CONFLICT/);
    const wrong = await put({ "if-match": second.etag }, "-1s");
    assert.match(JSON.stringify(wrong.body), /POLICY_INVALID.*timeouts\.request/);
    // By way of the unix socket.
    assert.match(await meshCommand("policy", "get", "*"), /timeouts\.request\s+8s/);
  });
});
