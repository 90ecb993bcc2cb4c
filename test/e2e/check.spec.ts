// `docker mesh check` on a real node: nothing to say of one that is well, and the fault and its cure of one that is not.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { after, before, describe, it } from "mocha";
import type { Check } from "../../plugin/check/check.ts";
import { docker } from "../helpers/docker.ts";
import { eventually } from "../helpers/eventually.ts";
import { Mesh } from "../helpers/mesh.ts";
import { ComposeProject, echoService, sidecarsOf } from "../helpers/project.ts";

const PROJECT = "mesh-test-check";
const PLUGIN = fileURLToPath(new URL("../../plugin/cli.ts", import.meta.url));
const READY = { [`${PROJECT}-web`]: 1, [`${PROJECT}-orders`]: 1 };
const LATER = { timeout: 40_000, interval: 500 };

interface Run {
  readonly code: number;
  readonly output: string;
  readonly error: string;
}

async function check(
  environment: Readonly<Record<string, string>> = {},
  ...args: string[]
): Promise<Run> {
  const options = { timeout: 60_000, env: { ...process.env, ...environment } };
  const command = [PLUGIN, "mesh", "check", ...args];
  return await promisify(execFile)(process.execPath, command, options).then(
    ({ stdout }) => ({ code: 0, output: stdout, error: "" }),
    ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({
      ...{ code, output: stdout, error: stderr },
    }),
  );
}

async function checks(): Promise<readonly Check[]> {
  const { output } = await check({}, "--format", "json");
  return (JSON.parse(output) as { readonly checks: readonly Check[] }).checks;
}

async function wrong(): Promise<string[]> {
  const found = await checks();
  return found.filter(({ state }) => state !== "fine").map((each) => `${each.name}: ${each.found}`);
}

describe("docker mesh check", () => {
  let mesh: Mesh;
  let project: ComposeProject;

  before(async () => {
    mesh = await Mesh.start();
    const service = echoService({ "mesh.enable": "true" });
    project = await ComposeProject.up(PROJECT, { services: { web: service, orders: service } });
    await mesh.untilReady(READY);
  });

  after(async () => {
    await project?.[Symbol.asyncDispose]();
    await mesh?.[Symbol.asyncDispose]();
  });

  it("has nothing to say against a node that is well", async () => {
    const { code, output } = await eventually(async () => {
      const found = await check();
      assert.equal(found.code, 0, found.output);
      return found;
    });
    assert.match(output, /^✓ engine +Docker .*\n✓ agent +one runs, mesh-test-agent-1\n/);
    assert.match(output, /\n✓ consul +Consul 1\.\d+.* with a leader and Connect\n/);
    assert.match(output, /\n✓ clocks .*\n✓ certificates +2 services, the first to end has /);
    assert.match(output, /\n✓ sidecars +2 workloads have a sidecar that is ready\n/);
    assert.match(output, /\n✓ interception +installed beside 2 workloads\n/);
    assert.match(output, /\n\nAll is well\.\n$/);
    assert.equal(code, 0);
  });

  it("names a sidecar that stands still", async () => {
    const [orders] = await project.containersOf("orders");
    const [sidecar = ""] = await sidecarsOf(
      String(await docker("inspect", "-f", "{{.Id}}", String(orders))),
    );
    await docker("pause", sidecar);
    try {
      await eventually(async () => {
        const found = await wrong();
        assert.ok(
          found.includes(`sidecars: that of ${PROJECT}-orders-1 is failing`),
          found.join("\n"),
        );
      }, LATER);
      const { code, output, error } = await check();
      assert.equal(code, 1);
      assert.match(
        output,
        /\n✗ sidecars .*\n +→ see the problems below and the log of the sidecar/,
      );
      assert.match(error, /^\d of \d+ checks failed\n$/);
    } finally {
      await docker("unpause", sidecar);
    }
    await eventually(async () => assert.deepEqual(await wrong(), []), LATER);
  });

  it("names labels that are wrong", async () => {
    const typo = echoService({ "mesh.enable": "true", "mesh.port": "http" });
    const service = echoService({ "mesh.enable": "true" });
    await project.change({ services: { web: service, orders: service, typo } });
    await eventually(async () => {
      const [only, ...others] = await wrong();
      assert.match(
        String(only),
        /^problem: mesh-test-check-typo-1: label mesh\.port: expected a port/,
      );
      assert.deepEqual(others, []);
    }, LATER);
    await project.change({ services: { web: service, orders: service } }, "--remove-orphans");
    await eventually(async () => assert.deepEqual(await wrong(), []), LATER);
  });

  it("names a Consul that does not run, and its return", async () => {
    await mesh.compose("stop", "consul");
    await eventually(async () => {
      const found = await wrong();
      assert.equal(found.length, 1, found.join("\n"));
      assert.match(String(found[0]), /^consul: Consul does not answer: /);
    }, LATER);
    await mesh.compose("start", "consul");
    await eventually(async () => assert.deepEqual(await wrong(), []), LATER);
  });

  it("names an agent that does not run", async () => {
    await mesh.compose("stop", "agent");
    const { code, output } = await check();
    assert.equal(code, 1);
    assert.match(
      output,
      /\n✗ agent +the agent does not run: mesh-test-agent-1 \(exited\)\n +→ see `docker logs mesh-test-agent-1`/,
    );
    await mesh.compose("start", "agent");
    await mesh.untilReady(READY);
  });

  it("names an engine that does not answer", async () => {
    const { code, output } = await check({ DOCKER_HOST: "unix:///nowhere/docker.sock" });
    assert.equal(code, 1);
    assert.match(
      output,
      /^✗ engine +at unix:\/\/\/nowhere\/docker\.sock: .*\n +→ start or upgrade it/,
    );
  });
});
