// Who gets no requests because he is not well: the callee's own sidecar asks its application, and Docker's HEALTHCHECK counts
// besides.
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { after, before, describe, it } from "mocha";
import { docker, provided } from "../helpers/docker.ts";
import { eventually } from "../helpers/eventually.ts";
import { Mesh } from "../helpers/mesh.ts";
import { byReplica, callFrom } from "../helpers/moody.ts";
import { ComposeProject, echoService } from "../helpers/project.ts";

const PROJECT = "mesh-test-health";
const APPLICATION = fileURLToPath(new URL("../helpers/checked-application.ts", import.meta.url));

/** The application with gRPC's own implementation for Node, as one file. */
async function bundledApplication(): Promise<string> {
  const { outputFiles } = await build({
    ...{ entryPoints: [APPLICATION], bundle: true, write: false, minify: true },
    ...{ platform: "node", format: "cjs", logLevel: "silent" },
    // What reads .proto files is not needed.
    external: ["@grpc/proto-loader"],
  });
  return outputFiles[0]?.text ?? "";
}

const HEALTHCHECK = {
  test: ["CMD-SHELL", "test ! -e /tmp/unwell"],
  ...{ interval: "500ms", timeout: "5s", retries: 1 },
};

/** Two replicas that run the application. */
function checkedService(ports: string, check: string, more: object = {}): object {
  return {
    image: provided("MESH_DEMO_IMAGE"),
    command: ["node", "/checked.cjs"],
    configs: [{ source: "application", target: "/checked.cjs" }],
    init: true,
    stop_grace_period: "2s",
    deploy: { replicas: 2 },
    labels: {
      "mesh.enable": "true",
      ...{ "mesh.ports": ports, "mesh.check": check, "mesh.check.interval": "100ms" },
      "mesh.balance.algorithm": "round-robin",
    },
    ...more,
  };
}

describe("health checks", () => {
  let mesh: Mesh;
  let project: ComposeProject;
  let caller: string;

  before(async () => {
    const content = (await bundledApplication()).replaceAll("$", "$$$$");
    mesh = await Mesh.start();
    project = await ComposeProject.up(PROJECT, {
      configs: { application: { content } },
      services: {
        caller: echoService({ "mesh.enable": "true" }),
        calls: checkedService("web:8080, calls:9000/grpc", "grpc"),
        pages: checkedService("web:8080", "/health", { healthcheck: HEALTHCHECK }),
        lines: checkedService("web:8080, lines:7000/tcp", "tcp"),
      },
    });
    const names = ["calls", "pages", "lines"].map((name) => [`${PROJECT}-${name}`, 2]);
    await mesh.untilReady({ ...Object.fromEntries(names), [`${PROJECT}-caller`]: 1 });
    caller = String((await project.containersOf("caller"))[0]);
  });

  after(async () => {
    await project?.[Symbol.asyncDispose]();
    await mesh?.[Symbol.asyncDispose]();
  });

  /** All requests are answered, by these replicas and by no other. */
  async function untilAnsweredBy(service: string, replicas: readonly string[]): Promise<void> {
    const expected = replicas.map((id) => id.slice(0, 12)).toSorted();
    await eventually(
      async () => {
        const calls = await callFrom(caller, `http://${service}:8080/`, 20);
        assert.ok(calls.every(({ status }) => status === 200));
        assert.deepEqual([...byReplica(calls).keys()].toSorted(), expected);
      },
      { timeout: 20_000 },
    );
  }

  /** What Consul shows of the one replica that is not well. */
  async function noteOf(service: string): Promise<string> {
    const response = await fetch(`${mesh.consulAddress}/v1/health/checks/${PROJECT}-${service}`);
    const checks = (await response.json()) as { Status: string; Output: string }[];
    const critical = checks.filter(({ Status }) => Status === "critical");
    assert.equal(critical.length, 1, JSON.stringify(checks));
    return String(critical[0]?.Output);
  }

  for (const [title, service, note] of [
    ["gRPC's health service", "calls", /Health\/Check .* port 9000 .* found NOT_SERVING/],
    ["an HTTP request", "pages", /GET \/health on port 8080 .* found 503/],
    ["a connection", "lines", /a connection on port 7000 failed/],
  ] as const) {
    it(`by ${title} keep requests from a replica as long as it does not pass`, async () => {
      const [ill = "", well = ""] = await project.containersOf(service);
      await untilAnsweredBy(service, [ill, well]);
      await docker("kill", "--signal", "USR2", ill);
      await untilAnsweredBy(service, [well]);
      assert.match(await noteOf(service), note);
      await docker("kill", "--signal", "HUP", ill);
      await untilAnsweredBy(service, [ill, well]);
    });
  }

  it("pass only when Docker's HEALTHCHECK does as well", async () => {
    const [ill = "", well = ""] = await project.containersOf("pages");
    await docker("exec", ill, "touch", "/tmp/unwell");
    await untilAnsweredBy("pages", [well]);
    assert.match(await noteOf("pages"), /Docker's HEALTHCHECK says unhealthy/);
    await docker("exec", ill, "rm", "/tmp/unwell");
    await untilAnsweredBy("pages", [ill, well]);
  });
});
