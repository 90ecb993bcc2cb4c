import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { ConsoleSettings } from "../../../plugin/console/console-settings.ts";
import { readSettings } from "../../../plugin/settings.ts";

const LISTEN = { MESH_CONSOLE_LISTEN: "0.0.0.0:8600" };
const CERT = { MESH_CONSOLE_TLS_CERT: "/run/secrets/crt" };
const KEY = { MESH_CONSOLE_TLS_KEY: "/run/secrets/key" };

function read(more: Readonly<Record<string, string>> = {}): ConsoleSettings | undefined {
  return readSettings({ ...LISTEN, ...more }).console;
}

describe("the settings of the console", () => {
  it("are none without a place to listen at", () => {
    assert.equal(readSettings({}).console, undefined);
    assert.equal(read({ MESH_CONSOLE_LISTEN: "" }), undefined);
  });

  it("need nothing but a place", () => {
    assert.deepEqual(read(), {
      ...{ host: "0.0.0.0", port: 8600, tls: undefined, hosts: [] },
      ...{ tokenFile: undefined, viewerTokenFile: undefined },
    });
  });

  it("name files of a certificate and of tokens, and names", () => {
    const files = { MESH_CONSOLE_TOKEN_FILE: "/a", MESH_CONSOLE_VIEWER_TOKEN_FILE: "/b" };
    const found = read({
      ...CERT,
      ...KEY,
      ...files,
      MESH_CONSOLE_HOSTS: "Mesh.Example, b.example",
    });
    assert.deepEqual(found, {
      ...{ host: "0.0.0.0", port: 8600, tokenFile: "/a", viewerTokenFile: "/b" },
      tls: { certificateFile: "/run/secrets/crt", keyFile: "/run/secrets/key" },
      hosts: ["mesh.example", "b.example"],
    });
  });

  for (const [more, message] of [
    [{ MESH_CONSOLE_LISTEN: "8600" }, 'MESH_CONSOLE_LISTEN: expected host:port, got "8600"'],
    [CERT, "MESH_CONSOLE_TLS_KEY: expected the file of a key beside MESH_CONSOLE_TLS_CERT"],
    [KEY, "MESH_CONSOLE_TLS_CERT: expected the file of a certificate beside MESH_CONSOLE_TLS_KEY"],
    [
      { MESH_CONSOLE_HOSTS: "a.example,*.b.example" },
      'MESH_CONSOLE_HOSTS: expected host names, got "*.b.example"',
    ],
    [
      { MESH_CONSOLE_HOSTS: "http://a.example" },
      'MESH_CONSOLE_HOSTS: expected host names, got "http://a.example"',
    ],
  ] as const) {
    it(`are wrong: ${JSON.stringify(more)}`, () => {
      assert.throws(() => read(more), { code: "CONFIGURATION_INVALID", message });
    });
  }
});
