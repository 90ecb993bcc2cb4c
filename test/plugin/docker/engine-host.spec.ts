import assert from "node:assert/strict";
import { describe, it } from "mocha";
import {
  type EngineHost,
  parseEngineHost,
  printEngineHost,
} from "../../../plugin/docker/engine-host.ts";

const READ: readonly (readonly [string, EngineHost, string?])[] = [
  ["unix:///run/docker.sock", { kind: "unix", path: "/run/docker.sock" }],
  ["unix://", { kind: "unix", path: "/var/run/docker.sock" }, "unix:///var/run/docker.sock"],
  ["tcp://build.example:2376", { kind: "tcp", host: "build.example", port: 2376 }],
  [
    "tcp://build.example/",
    { kind: "tcp", host: "build.example", port: undefined },
    "tcp://build.example",
  ],
  ["tcp://[::1]:2375", { kind: "tcp", host: "::1", port: 2375 }],
  ["10.0.0.1:2375", { kind: "tcp", host: "10.0.0.1", port: 2375 }, "tcp://10.0.0.1:2375"],
  [
    "ssh://root@build.example:2222",
    { kind: "ssh", user: "root", host: "build.example", port: 2222 },
  ],
  ["ssh://build", { kind: "ssh", user: undefined, host: "build", port: undefined }],
];

describe("engine host", () => {
  for (const [text, host, printed = text] of READ) {
    it(`reads ${text}`, () => {
      assert.deepEqual(parseEngineHost(text), host);
      assert.equal(printEngineHost(host), printed);
    });
  }

  for (const text of [
    "",
    "tcp://",
    "unix://relative.sock",
    "npipe:////./pipe/docker_engine",
    "fd://",
    "https://build.example",
    "tcp://build.example:99999",
    "tcp://build.example/prefix",
    "tcp://user@build.example",
    "ssh://user:password@build.example",
    "ssh://build.example?x=1",
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(() => parseEngineHost(text), {
        code: "CONFIGURATION_INVALID",
        message: `expected the engine's address as unix:///path, tcp://host:port or ssh://user@host, got ${JSON.stringify(text)}`,
      });
    });
  }
});
