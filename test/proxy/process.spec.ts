// The sidecar as a process: what it needs, how it ends.
import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { constants, openSync, readSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, it } from "mocha";
import { readIntroduction, tokenDigest } from "../../proxy/configuration/introduction.ts";
import { AgentStub } from "../helpers/agent-stub.ts";
import { TestAuthority } from "../helpers/certificates.ts";
import { eventually } from "../helpers/eventually.ts";
import { call } from "../helpers/http-call.ts";
import { NO_POLICY } from "../helpers/plans.ts";
import { dialOf, inboundPort, outboundService } from "../helpers/sidecar-rig.ts";

const ENTRY = fileURLToPath(new URL("../../proxy/sidecar.ts", import.meta.url));

describe("the process of a sidecar", () => {
  let directory: string;
  let running: ChildProcess | undefined;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "docker-mesh-"));
  });
  afterEach(async () => {
    running?.kill("SIGKILL");
    await rm(directory, { recursive: true });
  });

  const start = (
    environment: NodeJS.ProcessEnv,
    output: "pipe" | number = "pipe",
  ): ChildProcess => {
    running = spawn(process.execPath, [ENTRY], {
      env: environment,
      stdio: ["ignore", output, "inherit"],
    });
    return running;
  };

  const outputOf = (child: ChildProcess): Promise<string> => {
    assert.ok(child.stdout);
    return text(child.stdout);
  };

  it("ends with 1 and names what is missing from its environment", async () => {
    const child = start({ MESH_AGENT_SOCKET: "/nowhere" });
    const [output, [code]] = await Promise.all([outputOf(child), once(child, "exit")]);
    assert.equal(code, 1);
    const line = JSON.parse(output);
    assert.equal(line.level, "error");
    assert.match(line.error, /expected MESH_HOSTS_FILE in the environment, found nothing/);
  });

  it("without a token makes one up, and prints the digest of what it shows to the agent", async () => {
    const socket = join(directory, "agent.sock");
    const tokens: string[] = [];
    const agent = createServer(({ headers }, response) => {
      tokens.push(String(headers.authorization));
      response.writeHead(401).end();
    });
    agent.listen(socket);
    try {
      const child = start({ MESH_AGENT_SOCKET: socket, MESH_HOSTS_FILE: join(directory, "hosts") });
      let printed = "";
      child.stdout?.on("data", (bytes) => {
        printed += bytes;
      });
      await eventually(() => assert.match(printed, /tokenSha256.*tokenSha256/s));
      const [token = ""] = new Set(tokens.map((header) => header.replace(/^Bearer /, "")));
      assert.equal(readIntroduction(printed), tokenDigest(token));
      assert.equal(printed.includes(token), false);
    } finally {
      agent.closeAllConnections();
      agent.close();
    }
  });

  it("writes the log of requests to its output, whoever is slow to read it", async () => {
    await using agent = new AgentStub(join(directory, "agent.sock"));
    await agent.start();
    const hosts = join(directory, "hosts");
    await writeFile(hosts, "127.0.0.1\tlocalhost\n");
    const policy = { "logs.requests": "errors" };
    const orders = await outboundService("shop-orders", [9], { policy });
    const authority = await TestAuthority.create();
    agent.publish({
      ...{ version: "1", service: "shop-web", instanceId: "shop-web-0123456789ab" },
      certificates: await authority.certificatesFor("shop-web"),
      ...{ inbound: [], outbound: [orders], draining: false, ...NO_POLICY },
    });
    // As Docker has it; between processes of Node's there would be a socket.
    const pipe = join(directory, "pipe");
    execFileSync("mkfifo", [pipe]);
    const reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
    start(
      {
        ...{ MESH_AGENT_SOCKET: agent.socket, MESH_SIDECAR_TOKEN: agent.token },
        ...{ MESH_HOSTS_FILE: hosts, MESH_LOG_LEVEL: "error" },
      },
      openSync(pipe, "w"),
    );
    await eventually(() => assert.equal(agent.lastReport?.ready, true));
    // More than a pipe and what waits for it hold, while nobody reads.
    const path = `/${"a".repeat(1_000)}`;
    for (let batch = 0; batch < 40; batch += 1) {
      const calls = Array.from({ length: 20 }, () => call({ ...dialOf(orders), path }));
      for (const { status } of await Promise.all(calls)) assert.equal(status, 503);
    }
    const dropped = (): number =>
      agent.observed.reduce((sum, { droppedLines }) => sum + droppedLines, 0);
    await eventually(() => assert.ok(dropped() > 0, "nothing was dropped"));
    let lines: readonly string[] = [];
    let output = "";
    const chunk = Buffer.alloc(1_024 * 1_024);
    await eventually(() => {
      // Throws while there is nothing to read.
      output += chunk.toString("utf8", 0, readSync(reader, chunk));
      lines = output.trim().split("\n");
      assert.equal(lines.length + dropped(), 800);
    });
    const { log, reporter, service, peer, code } = JSON.parse(lines.at(-1) ?? "");
    assert.deepEqual(
      { log, reporter, service, peer, code },
      {
        ...{ log: "request", reporter: "source", service: "shop-web", peer: "shop-orders" },
        code: "ENDPOINTS_UNREACHABLE",
      },
    );
  });

  for (const [signal, names] of [
    ["SIGTERM", "leaves names of services so that nothing goes past the mesh by accident"],
    ["SIGINT", "gives them back, since the application goes on without the mesh"],
  ] as const) {
    it(`works until ${signal}, then ends with 0 and ${names}`, async () => {
      await using agent = new AgentStub(join(directory, "agent.sock"));
      await agent.start();
      const hosts = join(directory, "hosts");
      await writeFile(hosts, "127.0.0.1\tlocalhost\n");
      const orders = await outboundService("shop-orders", [9], { names: ["orders"] });
      const authority = await TestAuthority.create();
      agent.publish({
        ...{ version: "1", service: "shop-web", instanceId: "shop-web-0123456789ab" },
        certificates: await authority.certificatesFor("shop-web"),
        ...{ inbound: [await inboundPort(9)], outbound: [orders], draining: false, ...NO_POLICY },
      });
      const child = start({
        ...{ MESH_AGENT_SOCKET: agent.socket, MESH_SIDECAR_TOKEN: agent.token },
        ...{ MESH_HOSTS_FILE: hosts, MESH_LOG_LEVEL: "debug" },
      });
      const output = outputOf(child);
      await eventually(() => assert.equal(agent.lastReport?.ready, true));
      assert.match(await readFile(hosts, "utf8"), /orders/);
      child.kill(signal);
      const [code] = await once(child, "exit");
      assert.equal(code, 0);
      const content = await readFile(hosts, "utf8");
      if (signal === "SIGTERM") assert.match(content, /orders/);
      else assert.equal(content, "127.0.0.1\tlocalhost\n");
      const lines = (await output).trim().split("\n");
      assert.deepEqual(
        lines.map((line) => JSON.parse(line).message),
        ["a new configuration is in force"],
      );
    });
  }
});
