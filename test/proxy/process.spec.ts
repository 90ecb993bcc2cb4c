// The sidecar as a process: what it needs, how it ends.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, it } from "mocha";
import { AgentStub } from "../helpers/agent-stub.ts";
import { TestAuthority } from "../helpers/certificates.ts";
import { eventually } from "../helpers/eventually.ts";
import { NO_POLICY } from "../helpers/plans.ts";
import { inboundPort, outboundService } from "../helpers/sidecar-rig.ts";

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

  const start = (environment: NodeJS.ProcessEnv): ChildProcess => {
    running = spawn(process.execPath, [ENTRY], {
      env: environment,
      stdio: ["ignore", "pipe", "inherit"],
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
    assert.match(line.error, /expected MESH_SIDECAR_TOKEN in the environment, found nothing/);
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
