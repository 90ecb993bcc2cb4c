// Every verb that only shows, once, on a real mesh with Consul.
import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { docker, meshCommand } from "../helpers/docker.ts";
import { eventually } from "../helpers/eventually.ts";
import { Mesh } from "../helpers/mesh.ts";
import { ComposeProject, echoService } from "../helpers/project.ts";
import { RunningCommand } from "../helpers/running-command.ts";

const SHOP = "mesh-test-verbs";
/** Sidecars tell now and then what they have counted. */
const SLOWLY = { timeout: 20_000, interval: 500 };
const ORDERS = `${SHOP}-orders`;

function rows(text: string): readonly Readonly<Record<string, unknown>>[] {
  return text.split("\n").map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
}

describe("the verbs of docker mesh, on a mesh with Consul", () => {
  let mesh: Mesh;
  let shop: ComposeProject;

  before(async () => {
    mesh = await Mesh.start();
    const labels = {
      "mesh.enable": "true",
      "mesh.route.api.path-prefix": "/api/",
      "mesh.route.api.timeout": "2s",
    };
    shop = await ComposeProject.up(SHOP, {
      services: { web: echoService({ "mesh.enable": "true" }), orders: echoService(labels) },
    });
    await mesh.untilReady({ [`${SHOP}-web`]: 1, [ORDERS]: 1 });
  });

  after(async () => {
    await shop?.[Symbol.asyncDispose]();
    await mesh?.[Symbol.asyncDispose]();
  });

  it("list services", async () => {
    const table = await meshCommand("services");
    assert.match(table, /^NAME +PROTOCOL +PORTS +ENDPOINTS +POLICY +REQUESTS\/S +ERRORS\n/);
    assert.match(table, new RegExp(`\n${ORDERS} +http +8080 +1/1 +- +0 +0%\n`));
    const names = await meshCommand("services", "--quiet");
    assert.deepEqual(names.split("\n"), [ORDERS, `${SHOP}-web`]);
    const template = await meshCommand(
      "services",
      "--format",
      '{{.Name}} {{join .Ports "+"}} {{upper .Protocol}}',
    );
    assert.equal(template, `${ORDERS} 8080 HTTP\n${SHOP}-web 8080 HTTP`);
  });

  it("tell how much a service is called", async () => {
    await eventually(async () => {
      const { status } = await shop.fetch("web", "http://orders:8080/");
      assert.equal(status, 200);
      const format = ["--format", "{{.Name}} {{if .Requests}}called{{end}} {{.Errors}}"];
      assert.match(await meshCommand("services", ...format), new RegExp(`^${ORDERS} called 0\n`));
    }, SLOWLY);
  });

  it("list certificates with serial number and issuer, as the sidecar presents them", async () => {
    const certificates = rows(await meshCommand("certs", "--format", "json"));
    const status = await mesh.status();
    const own = certificates.find(({ Service: service }) => service === ORDERS);
    assert.equal(own?.["TrustDomain"], status.agent.trustDomain);
    assert.match(String(own?.["Serial"]), /^[0-9a-f]+$/);
    assert.match(String(own?.["Issuer"]), /consul/i);
    assert.match(String(own?.["ExpiresIn"]), /^\d+h/);
    assert.match(
      await meshCommand("certs"),
      /\n\S+ +\S+ +…\/ns\/default\/dc\/dc1\/svc\/mesh-test-verbs-orders /,
    );
  });

  it("list routes", async () => {
    const [route] = rows(await meshCommand("routes", ORDERS, "--format", "json"));
    assert.deepEqual(route, {
      ...{ Name: "api", Conditions: ["path-prefix=/api/"], Target: ORDERS, Split: [], Edits: [] },
      ...{ Sets: ["timeout=2s"], Sources: ["label"] },
    });
  });

  it("list intentions as Consul has them", async () => {
    const intention = {
      SourceName: `${SHOP}-web`,
      DestinationName: ORDERS,
      Action: "deny",
      SourceType: "consul",
    };
    const response = await fetch(`${mesh.consulAddress}/v1/connect/intentions`, {
      ...{ method: "POST", body: JSON.stringify(intention) },
    });
    const { ID: id } = (await response.json()) as { readonly ID: string };
    await eventually(async () => {
      const shown = await meshCommand(
        "intentions",
        "--format",
        "{{.Source}} {{.Destination}} {{.Action}} {{.Precedence}}",
      );
      assert.deepEqual(shown.split("\n"), [`${SHOP}-web ${ORDERS} deny 9`, "* * allow 0"]);
    });
    await fetch(`${mesh.consulAddress}/v1/connect/intentions/${id}`, { method: "DELETE" });
  });

  it("show that there is nothing to do", async () => {
    await eventually(async () => assert.equal(await meshCommand("plan"), "Nothing to do."));
  });

  it("show the logs of the agent and of a sidecar", async () => {
    const agent = await meshCommand("logs", "--since", "1h");
    assert.match(agent, /agent started/);
    const lines = await meshCommand("logs", "--tail", "2");
    assert.equal(lines.split("\n").length, 2);
    const sidecar = await meshCommand("logs", "orders");
    const [container] = await shop.containersOf("orders");
    const filter = `label=docker-mesh.workload=${container}`;
    const id = await docker(
      "ps",
      "-q",
      "--filter",
      filter,
      "--filter",
      "label=docker-mesh.role=sidecar",
    );
    assert.ok((await docker("logs", id)).startsWith(sidecar.split("\n")[0] ?? "none"));
  });

  it("follow the log of a sidecar until interrupted", async () => {
    await using running = new RunningCommand("logs", "--follow", "--tail", "0", "web");
    await eventually(async () => {
      await meshCommand("policy", "set", "orders", "timeouts.request=5s");
      await meshCommand("policy", "unset", "orders", "timeouts.request");
      assert.match(running.output, /a new configuration is in force/);
    });
    assert.equal(await running.stop("SIGINT"), 130);
    assert.equal(running.error, "");
  });

  it("show versions of client and agent", async () => {
    const { agent } = await mesh.status();
    const shown = await meshCommand(
      "version",
      "--format",
      "{{.Client.Version}} {{.Agent.Version}} {{.Agent.Node}}",
    );
    assert.equal(shown, `${agent.version} ${agent.version} ${agent.node}`);
  });

  it("take templates where they have shown tables before", async () => {
    const status = await meshCommand(
      "status",
      "--format",
      "table {{.Service}}\\t{{.Health}}\\t{{.Sidecar}}",
    );
    assert.match(status, new RegExp(`^SERVICE +HEALTH +SIDECAR\n${ORDERS} +passing +ready\n`));
    const checks = await meshCommand("check", "--format", "{{.Name}}");
    assert.ok(checks.split("\n").includes("agent"));
    const explained = await meshCommand(
      "explain",
      `${SHOP}-web`,
      "orders",
      "GET",
      "/api/x",
      "--format",
      "{{.Route}} {{.Kind}}",
    );
    assert.equal(explained, "api goes");
  });
});
