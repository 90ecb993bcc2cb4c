import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, describe, it } from "mocha";
import type { ConsoleSettings } from "../../../plugin/console/console-settings.ts";
import { TestAuthority } from "../../helpers/certificates.ts";
import { type Answer, ConsoleRig } from "./console-rig.ts";

describe("the console over TLS", () => {
  let folder: string;
  let authority: TestAuthority;
  let rig: ConsoleRig;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "docker-mesh-"));
    authority = await TestAuthority.create();
    const leaf = await authority.issue([{ type: 2, value: "mesh.example" }]);
    await writeFile(join(folder, "crt"), leaf.certificate);
    await writeFile(join(folder, "key"), leaf.privateKey);
    rig = await ConsoleRig.start({ settings: settings() });
  });

  after(async () => {
    await rig[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  function settings(key = "key", crt = "crt"): ConsoleSettings {
    return {
      ...{ host: "127.0.0.1", port: 0, hosts: ["other.example"] },
      tls: { certificateFile: join(folder, crt), keyFile: join(folder, key) },
      ...{ tokenFile: undefined, viewerTokenFile: undefined },
    };
  }

  async function logIn(host: string): Promise<Answer> {
    const answered = Promise.withResolvers<Answer>();
    request({
      ...{ host: "127.0.0.1", port: rig.port, path: "/api/session", method: "POST", agent: false },
      ...{ ca: authority.root, servername: "mesh.example" },
      headers: { host, origin: `https://${host}`, "content-type": "application/json" },
    })
      .once("error", answered.reject)
      .once("response", (response) => {
        const { statusCode: status = 0, headers } = response;
        text(response).then((body) => answered.resolve({ status, headers, body }), answered.reject);
      })
      .end(JSON.stringify({ token: rig.console.access.admin }));
    return await answered.promise;
  }

  it("keeps its cookie from plaintext and from other hosts", async () => {
    const { status, headers } = await logIn("mesh.example");
    assert.equal(status, 200);
    assert.match(
      headers["set-cookie"]?.[0] ?? "",
      /^__Host-mesh-session-443=[A-Za-z0-9_-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43200; Secure$/,
    );
    assert.equal(headers["strict-transport-security"], undefined);
  });

  for (const [host, status] of [
    ["mesh.example:8600", 200],
    ["MESH.example", 200],
    ["other.example", 200],
    ["127.0.0.1:8600", 200],
    ["evil.example", 421],
    ["sub.mesh.example", 421],
  ] as const) {
    it(`answers ${status} to the name ${host}`, async () => {
      assert.equal((await logIn(host)).status, status);
    });
  }

  it("says that it is, to those who may know", () => {
    assert.equal(rig.console.access.isSecure, true);
  });

  it("gives no answer in plaintext", async () => {
    await assert.rejects(rig.ask("/"));
  });

  for (const [what, key, crt] of [
    ["a key that is not there", "none", "crt"],
    ["a certificate that is none", "key", "key"],
    ["a key that is none", "crt", "crt"],
  ] as const) {
    it(`does not start with ${what}`, async () => {
      await assert.rejects(ConsoleRig.start({ settings: settings(key, crt) }), {
        code: "CONFIGURATION_INVALID",
        message: /^expected MESH_CONSOLE_TLS_CERT and MESH_CONSOLE_TLS_KEY to be files/,
      });
    });
  }

  it("says which port is taken", async () => {
    const taken = { ...settings(), port: rig.port };
    await assert.rejects(ConsoleRig.start({ settings: taken }), {
      code: "PORT_IN_USE",
      message: /MESH_CONSOLE_LISTEN/,
    });
  });
});
