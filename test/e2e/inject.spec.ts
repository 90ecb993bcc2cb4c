// `docker mesh inject`: sidecars that stand in the compose file, beside an agent that makes none.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { compose, docker, meshCommand, provided } from "../helpers/docker.ts";
import { eventually } from "../helpers/eventually.ts";
import { Mesh } from "../helpers/mesh.ts";
import { type EchoAnswer, echoService } from "../helpers/project.ts";

const NAME = "injected";
const LABELS = { "mesh.enable": "true", "mesh.port": "8080" } as const;

/** YAML as a user writes it: the parts that are long are JSON, which is YAML too. */
function file(): string {
  const service = (labels: Readonly<Record<string, string>>): string => {
    const { labels: _, ...rest } = echoService({}) as Record<string, unknown>;
    const lines = Object.entries(rest).map(
      ([key, value]) => `    ${key}: ${JSON.stringify(value)}`,
    );
    const marks = Object.entries(labels).map(([key, value]) => `      ${key}: "${value}"`);
    return [...lines, "    labels:", ...marks].join("\n");
  };
  return `# A shop.
services:
  web:
${service(LABELS)}
  orders:
${service({ ...LABELS, "mesh.mtls": "strict", "mesh.logs.requests": "all" })}
  stranger:
${service({ "com.example": "outside of the mesh" })}
`;
}

describe("an injected compose file", () => {
  let mesh: Mesh;
  let directory: string;
  let path: string;

  const project = (...args: string[]): Promise<string> => {
    const environment = { MESH_IMAGE: provided("MESH_IMAGE"), MESH_RUN_VOLUME: "mesh-test_run" };
    return compose(environment, "-p", NAME, "-f", path, ...args);
  };
  const idOf = async (service: string): Promise<string> => await project("ps", "-aq", service);
  const containers = async (): Promise<string[]> => (await project("ps", "-aq")).split("\n").sort();
  const fetchFrom = async (
    service: string,
    url: string,
  ): Promise<{ status: number; body: string }> => {
    const script =
      "fetch(process.argv[1],{signal:AbortSignal.timeout(5000)}).then(async r=>console.log(JSON.stringify({status:r.status,body:await r.text()})),e=>console.log(JSON.stringify({status:0,body:String(e.cause?.code??e)})))";
    const answer = await docker("exec", await idOf(service), "node", "-e", script, url);
    return JSON.parse(answer) as { status: number; body: string };
  };
  const untilMeshed = (): Promise<void> =>
    eventually(
      async () => {
        const { status, body } = await fetchFrom("web", "http://orders:8080/hello");
        assert.equal(status, 200, body);
        const { headers } = JSON.parse(body) as EchoAnswer;
        assert.match(headers["x-forwarded-client-cert"] ?? "", /injected-web/);
      },
      { timeout: 60_000 },
    );

  before(async () => {
    mesh = await Mesh.start({ catalog: "embedded" });
    directory = await mkdtemp(join(tmpdir(), "mesh-inject-"));
    path = join(directory, "compose.mesh.yaml");
    const source = join(directory, "compose.yaml");
    await writeFile(source, file());
    await meshCommand("inject", "--file", source, "--output", path);
    await project("up", "-d");
    await mesh.untilReady({ "injected-web": 1, "injected-orders": 1 });
  });

  after(async () => {
    await project("down", "--timeout", "2");
    await mesh?.[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  });

  it("brings the mesh with it: calls have identities, and the agent has made nothing", async () => {
    await untilMeshed();
    assert.equal(await docker("ps", "-aq", "--filter", "label=docker-mesh.role=sidecar"), "");
    const { problems } = await mesh.status();
    assert.deepEqual(problems, []);
  });

  it("keeps strangers out of what is strict", async () => {
    assert.equal((await fetchFrom("stranger", "http://orders:8080/")).status, 0);
    assert.equal((await fetchFrom("stranger", "http://web:8080/")).status, 200);
  });

  it("has no secret in it: no environment of a sidecar holds a token", async () => {
    const environment = await docker(
      "inspect",
      "--format",
      "{{.Config.Env}}",
      await idOf("web-mesh"),
    );
    assert.doesNotMatch(environment, /TOKEN/);
  });

  it("is brought up again without making any container anew", async () => {
    const earlier = await containers();
    await project("up", "-d", "--wait");
    assert.deepEqual(await containers(), earlier);
    await untilMeshed();
  });

  it("is followed when Compose makes an application anew", async () => {
    const [orders, sidecar] = [await idOf("orders"), await idOf("orders-mesh")];
    await project("up", "-d", "--force-recreate", "--no-deps", "orders");
    await mesh.untilProblem(/as its sidecar, found none: docker compose up makes it/);
    await project("up", "-d", "--wait");
    assert.notEqual(await idOf("orders"), orders);
    assert.notEqual(await idOf("orders-mesh"), sidecar);
    await mesh.untilReady({ "injected-orders": 1 });
    await untilMeshed();
    assert.equal((await fetchFrom("stranger", "http://orders:8080/")).status, 0);
    assert.deepEqual((await mesh.status()).problems, []);
  });

  it("is taken over by an agent that is made anew, however much has been logged since", async () => {
    const earlier = await containers();
    const calls =
      "(async()=>{for(let i=0;i<210;i+=1)await Promise.all(Array.from({length:10},()=>fetch('http://orders:8080/').then(r=>r.text())))})()";
    await docker("exec", await idOf("web"), "node", "-e", calls);
    const logged = await docker("logs", "--tail", "2000", await idOf("orders-mesh"));
    assert.doesNotMatch(logged, /tokenSha256/);
    await mesh.upgrade({ MESH_LOG_LEVEL: "info" });
    await mesh.untilReady({ "injected-web": 1, "injected-orders": 1 });
    assert.deepEqual(await containers(), earlier);
    const { problems } = await mesh.status();
    assert.deepEqual(problems, []);
    await untilMeshed();
  });

  it("comes back after a restart of an application alone", async () => {
    const earlier = await containers();
    await docker("restart", "--time", "1", await idOf("orders"));
    await eventually(
      async () => {
        const started = await docker(
          "inspect",
          "--format",
          "{{.State.StartedAt}}",
          await idOf("orders"),
          await idOf("orders-mesh"),
        );
        const [workload = "", sidecar = ""] = started.split("\n");
        assert.ok(Date.parse(sidecar) > Date.parse(workload), started);
      },
      { timeout: 40_000 },
    );
    await mesh.untilReady({ "injected-orders": 1 });
    await untilMeshed();
    assert.equal((await fetchFrom("stranger", "http://orders:8080/")).status, 0);
    assert.deepEqual(await containers(), earlier);
  });

  it("comes back after an application was away for longer than its sidecar waits", async () => {
    const orders = await idOf("orders");
    await docker("stop", "--time", "1", orders);
    await eventually(
      async () => {
        const state = await docker(
          "inspect",
          "--format",
          "{{.State.Running}} {{.State.Restarting}}",
          await idOf("orders-mesh"),
        );
        assert.equal(state, "false false");
      },
      { timeout: 40_000 },
    );
    await docker("start", orders);
    await mesh.untilReady({ "injected-orders": 1 });
    await untilMeshed();
  });

  it("leaves one alone that its user has stopped, and says that it is missed", async () => {
    await project("stop", "web-mesh");
    await eventually(
      async () => {
        const { problems } = await mesh.status();
        assert.match(
          problems.map(({ message }) => message).join("\n"),
          /its sidecar to run, found it stopped/,
        );
      },
      { timeout: 40_000 },
    );
    const state = await docker("inspect", "--format", "{{.State.Running}}", await idOf("web-mesh"));
    assert.equal(state, "false");
    await project("start", "web-mesh");
    await mesh.untilReady({ "injected-web": 1 });
  });
});
