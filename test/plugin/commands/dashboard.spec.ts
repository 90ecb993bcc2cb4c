import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import type { Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { runCommandLine } from "../../../plugin/commands/command-line.ts";
import { renderDashboard } from "../../../plugin/commands/dashboard.ts";
import { fakeEngine } from "./fake-engine.ts";

const ACCESS = { port: 8600, isSecure: false, admin: "an admin's token", viewer: "a viewer's" };

describe("docker mesh dashboard", () => {
  let directory: string;
  let server: Server;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "docker-mesh-"));
  });

  afterEach(async () => {
    server.close();
    server.closeAllConnections();
    await rm(directory, { recursive: true });
  });

  async function run(
    status: number,
    body: string,
    ports: readonly object[] = [],
    ...args: readonly string[]
  ): Promise<{ code: number; output: string; error: string }> {
    const answer = { output: JSON.stringify({ status, body }), error: "", exitCode: 0 };
    server = fakeEngine(answer, "1.41", ports).server;
    const path = join(directory, "docker.sock");
    const listening = Promise.withResolvers<void>();
    server.listen(path, listening.resolve);
    await listening.promise;
    const output: string[] = [];
    const error: string[] = [];
    const terminal = {
      print: (text: string) => output.push(text),
      printError: (text: string) => error.push(text),
      readInput: async () => "",
      environment: { DOCKER_CONFIG: directory, DOCKER_HOST: `unix://${path}` },
    };
    const signal = new AbortController().signal;
    const code = await runCommandLine(["mesh", "dashboard", ...args], terminal, signal);
    return { code, output: output.join(""), error: error.join("") };
  }

  it("shows the published address and both tokens", async () => {
    const ports = [
      { IP: "127.0.0.1", PrivatePort: 8600, PublicPort: 18600, Type: "tcp" },
      { PrivatePort: 9464, Type: "tcp" },
    ];
    assert.deepEqual(await run(200, JSON.stringify(ACCESS), ports), {
      code: 0,
      output: [
        "Console:       http://127.0.0.1:18600/",
        "Admin token:   an admin's token",
        "Viewer token:  a viewer's",
        "",
      ].join("\n"),
      error: "",
    });
  });

  it("shows them as one line of JSON", async () => {
    const { output } = await run(200, JSON.stringify(ACCESS), [], "--format", "json");
    assert.deepEqual(JSON.parse(output), { addresses: [], access: ACCESS });
  });

  it("shows them by a template", async () => {
    const format = ["--format", "{{.Port}} {{.Admin}}"];
    const { output } = await run(200, JSON.stringify(ACCESS), [], ...format);
    assert.equal(output, "8600 an admin's token\n");
  });

  it("says that the agent has no console", async () => {
    const { code, error } = await run(404, '{"error":{"code":"NOT_FOUND","message":"…"}}');
    assert.equal(code, 1);
    assert.match(error, /^the agent has no console: set MESH_CONSOLE_LISTEN/);
  });

  it("takes no arguments", async () => {
    const { code, error } = await run(200, "", [], "all");
    assert.equal(code, 1);
    assert.match(error, /^"docker mesh dashboard" accepts no arguments/);
  });

  it("says so when no port leads there, and on whose machine the address is", () => {
    const shown = (addresses: string[], engine: string): string | undefined =>
      renderDashboard({ addresses, access: ACCESS }, engine).split("\n")[0];
    assert.equal(
      shown([], "unix:///var/run/docker.sock"),
      "Console:       on port 8600 of the agent's container, which is not published",
    );
    assert.equal(
      shown(["https://localhost:8600/"], "ssh://node-2"),
      "Console:       https://localhost:8600/ (on the machine of ssh://node-2)",
    );
  });
});
