// What users get wrong, and what the mesh then says: one clear message where they look, while everything else works on.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { after, before, describe, it } from "mocha";
import { docker } from "../helpers/docker.ts";
import { eventually } from "../helpers/eventually.ts";
import { Mesh } from "../helpers/mesh.ts";
import { ComposeProject, echoService, sidecarsOf } from "../helpers/project.ts";

const PROJECT = "mesh-test-problems";
const PLUGIN = fileURLToPath(new URL("../../plugin/docker-mesh", import.meta.url));
const ENABLED = { "mesh.enable": "true" };

const dockerMesh = async (...args: string[]): Promise<string> =>
  (await promisify(execFile)(PLUGIN, ["mesh", ...args])).stdout;

describe("problems", () => {
  let mesh: Mesh;
  let project: ComposeProject;

  before(async () => {
    mesh = await Mesh.start();
    project = await ComposeProject.up(PROJECT, {
      networks: { left: {}, right: {} },
      services: {
        caller: echoService(
          { ...ENABLED, "mesh.upstreams": "good,island,nobody" },
          { networks: ["left"] },
        ),
        good: echoService(ENABLED, { networks: ["left"] }),
        island: echoService(ENABLED, { networks: ["right"] }),
        typo: echoService(
          { ...ENABLED, "mesh.prot": "http", "mesh.port": "http" },
          { networks: ["left"] },
        ),
        tenant: echoService(
          { ...ENABLED, "mesh.port": "9000" },
          { network_mode: "service:good", depends_on: ["good"] },
          9000,
        ),
        reserved: echoService({ ...ENABLED, "mesh.port": "21050" }, { networks: ["left"] }, 21_050),
        contradiction: echoService(
          { ...ENABLED, "mesh.mtls": "strict", "mesh.intercept": "off" },
          { networks: ["left"] },
        ),
        clash: echoService({ ...ENABLED, "mesh.intercept": "off" }, { networks: ["left"] }),
      },
    });
    await mesh.untilReady({
      [`${PROJECT}-caller`]: 1,
      [`${PROJECT}-good`]: 1,
      [`${PROJECT}-island`]: 1,
    });
  });

  after(async () => {
    await project?.[Symbol.asyncDispose]();
    await mesh?.[Symbol.asyncDispose]();
  });

  it("names every wrong label of a container at once, with what was expected", async () => {
    await mesh.untilProblem(/mesh\.prot\b.*mesh\.p/);
    await mesh.untilProblem(/label mesh\.port: expected a port from 1 to 65535, got "http"/);
    const { problems } = await mesh.status();
    assert.equal(problems.filter(({ subject }) => subject === `${PROJECT}-typo-1`).length, 2);
  });

  it("attaches nothing to a container whose labels are wrong, and serves the others", async () => {
    const [typo] = await project.containersOf("typo");
    assert.deepEqual(await sidecarsOf(String(typo)), []);
    assert.equal((await project.fetch("caller", "http://good:8080/")).status, 200);
  });

  it("says where two services share no network", async () => {
    await mesh.untilProblem(
      /cannot reach service mesh-test-problems-island.*_left here.*_right there/,
    );
  });

  it("says that a named upstream is not known", async () => {
    await mesh.untilProblem(/mesh\.upstreams: no service named "nobody"/);
  });

  it("limits a caller to the upstreams it names", async () => {
    const hosts = await project.exec("caller", "cat", "/etc/hosts");
    assert.match(hosts, /\bgood\b/);
    assert.doesNotMatch(hosts, /reserved|clash/);
  });

  it("refuses a second labelled container in one network namespace", async () => {
    await mesh.untilProblem(/shares another container's network/);
  });

  it("refuses a port that the sidecar needs, and a strictness that nothing enforces", async () => {
    await mesh.untilProblem(/port 21050: expected a port outside 21000/);
    await mesh.untilProblem(/mesh\.mtls.*mesh\.intercept|mesh\.intercept.*mesh\.mtls/);
  });

  it("says which port is in use where redirection is off and the application listens on all addresses", async () => {
    await mesh.untilProblem(/8080.*in use/);
  });

  it("prints services, workloads and problems with `docker mesh status`", async () => {
    const printed = await dockerMesh("status");
    assert.match(printed, /SERVICE\s+PROTOCOL\s+PORTS/);
    assert.match(printed, new RegExp(`${PROJECT}-good\\s+http\\s+8080`));
    assert.match(printed, /label mesh\.port: expected a port from 1 to 65535, got "http"/);
    const status = JSON.parse(await dockerMesh("status", "--format", "json")) as {
      workloads: unknown[];
    };
    assert.ok(status.workloads.length >= 3);
  });

  it("writes the same problems to the agent's log", async () => {
    const logs = await docker("logs", await mesh.containerOf("agent"));
    assert.match(logs, /label mesh\.port: expected a port from 1 to 65535/);
  });

  it("lets no second agent onto the engine, and says which one is there", async () => {
    await assert.rejects(
      mesh.compose("run", "--rm", "-T", "agent"),
      (error: { stdout?: string }) => {
        assert.match(
          error.stdout ?? "",
          /only agent of this engine, found another one in container mesh-test-agent-1/,
        );
        return true;
      },
    );
    assert.equal((await project.fetch("caller", "http://good:8080/")).status, 200);
  });

  it("takes a container in once its labels are mended", async () => {
    await docker("rm", "-f", ...(await project.containersOf("typo")));
    await eventually(async () => {
      const { problems } = await mesh.status();
      assert.ok(problems.every(({ subject }) => subject !== `${PROJECT}-typo-1`));
    });
  });
});
