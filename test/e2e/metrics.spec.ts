// What Prometheus finds at a node's agent of the traffic of real applications.
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { after, before, describe, it } from "mocha";
import { queriesOf, readDashboard } from "../helpers/dashboard.ts";
import { docker } from "../helpers/docker.ts";
import { eventually } from "../helpers/eventually.ts";
import { Mesh } from "../helpers/mesh.ts";
import { moodyService, setMood } from "../helpers/moody.ts";
import { ComposeProject, echoService } from "../helpers/project.ts";

const PROJECT = "mesh-test-metrics";
const WEB = `${PROJECT}-web`;
const ORDERS = `${PROJECT}-orders`;

const OBSERVABILITY = fileURLToPath(new URL("../../compose/observability.yaml", import.meta.url));
const READY = { [WEB]: 1, [ORDERS]: 1, [`${PROJECT}-moody`]: 1 };

/** Labels that a line must have, in any order. */
type Wanted = Readonly<Record<string, string>>;

describe("metrics", () => {
  let mesh: Mesh;
  let project: ComposeProject;

  before(async () => {
    mesh = await Mesh.start();
    const web = echoService({ "mesh.enable": "true" });
    const orders = echoService({ "mesh.enable": "true", "mesh.version": "v7" });
    const retried = { "mesh.retries.on": "5xx", "mesh.retries.attempts": "1" };
    const moody = moodyService({ ...retried, "mesh.retries.backoff": "1ms" });
    project = await ComposeProject.up(PROJECT, { services: { web, orders, moody } });
    await mesh.untilReady(READY);
  });

  after(async () => {
    await project?.[Symbol.asyncDispose]();
    await mesh?.[Symbol.asyncDispose]();
  });

  async function exposed(): Promise<readonly string[]> {
    const agent = await mesh.containerOf("agent");
    const text = await docker("exec", agent, "node", "/app/cli.mjs", "request", "/metrics");
    return text.split("\n");
  }

  /** The value of the only line of that name with these labels. */
  async function found(name: string, labels: Wanted): Promise<number> {
    const lines = (await exposed()).filter(
      (line) =>
        line.startsWith(`${name}{`) &&
        Object.entries(labels).every(([label, value]) => line.includes(`${label}="${value}"`)),
    );
    assert.equal(lines.length, 1, lines.join("\n"));
    return Number(lines[0]?.split(" ").at(-1));
  }

  it("count requests at both ends, with versions and the identities that were proved", async () => {
    for (let number = 0; number < 10; number += 1)
      assert.equal((await project.fetch("web", "http://orders:8080/")).status, 200);
    await eventually(
      async () => {
        const source = { reporter: "source", source_workload: WEB, destination_version: "v7" };
        assert.equal(await found("istio_requests_total", { ...source, response_code: "200" }), 10);
        const destination = {
          ...{ reporter: "destination", source_workload: WEB, destination_workload: ORDERS },
          ...{ destination_version: "v7", connection_security_policy: "mutual_tls" },
        };
        assert.equal(await found("istio_requests_total", destination), 10);
        const all = { ...destination, le: "+Inf" };
        assert.equal(await found("istio_request_duration_milliseconds_bucket", all), 10);
        assert.ok((await found("istio_response_bytes_sum", destination)) > 1_000);
      },
      { timeout: 20_000, interval: 500 },
    );
    const principal = (await exposed()).find((line) => line.includes('reporter="destination"'));
    assert.match(principal ?? "", new RegExp(`source_principal="spiffe://[^"]+/svc/${WEB}"`));
  });

  it("tell how sidecars, certificates and endpoints are", async () => {
    const endpoints = { source_workload: WEB, destination_service_name: ORDERS };
    await eventually(async () => {
      assert.equal(await found("mesh_sidecars", { service: WEB, state: "ready" }), 1);
      assert.equal(await found("mesh_endpoints", { ...endpoints, state: "healthy" }), 1);
      const expiry = await found("mesh_certificate_expiry_timestamp_seconds", { service: WEB });
      assert.ok(expiry > Date.now() / 1_000, String(expiry));
    });
  });

  it("count retries, and tell which limits are reached", async () => {
    const [moody] = await project.containersOf("moody");
    await setMood(String(moody), { fail: 1 });
    assert.equal((await project.fetch("web", "http://moody:8080/")).status, 500);
    const pair = { source_workload: WEB, destination_service_name: `${PROJECT}-moody` };
    await eventually(
      async () => {
        assert.equal(await found("mesh_retries_total", pair), 1);
        assert.equal(await found("mesh_breaker_open", { ...pair, limit: "requests" }), 0);
        assert.equal(await found("mesh_breaker_overflows_total", { ...pair, limit: "retries" }), 0);
        assert.ok((await found("mesh_connections", { service: `${PROJECT}-moody` })) >= 1);
      },
      { timeout: 20_000, interval: 500 },
    );
  });

  it("go on counting when an application is made anew", async () => {
    await project.compose("up", "--detach", "--force-recreate", "web");
    await mesh.untilReady(READY);
    await eventually(async () =>
      assert.equal((await project.fetch("web", "http://orders:8080/")).status, 200),
    );
    const source = { reporter: "source", source_workload: WEB, response_code: "200" };
    await eventually(async () => assert.equal(await found("istio_requests_total", source), 11), {
      timeout: 20_000,
      interval: 500,
    });
  });

  describe("that Prometheus reads", () => {
    before(async () => {
      await mesh.compose("-f", OBSERVABILITY, "up", "-d");
      await mesh.untilReady(READY);
    });

    after(async () => {
      await mesh?.compose("-f", OBSERVABILITY, "rm", "--stop", "--force", "prometheus");
      await docker("volume", "rm", "mesh-test_prometheus");
    });

    /** The value of a query that has one. */
    async function queried(query: string): Promise<number> {
      const parameters = new URLSearchParams({ query });
      const response = await fetch(`${mesh.prometheusAddress}/api/v1/query?${parameters}`);
      const { data } = (await response.json()) as {
        readonly data?: {
          readonly result: readonly { readonly value: readonly [number, string] }[];
        };
      };
      assert.equal(data?.result.length, 1, JSON.stringify(data));
      return Number(data?.result[0]?.value[1]);
    }

    it("answer who calls whom how often and how fast, in Istio's words", async () => {
      const SOON = { timeout: 30_000, interval: 500 };
      const ends = `source_workload="${WEB}",destination_service_name="${ORDERS}"`;
      await eventually(async () => assert.equal(await queried('up{job="mesh"}'), 1), SOON);
      const first = `sum(istio_requests_total{reporter="destination",${ends}})`;
      for (let number = 0; number < 5; number += 1)
        await project.fetch("web", "http://orders:8080/");
      await eventually(async () => assert.ok((await queried(first)) >= 5), SOON);
      const before = await queried(first);
      for (let number = 0; number < 5; number += 1)
        await project.fetch("web", "http://orders:8080/");
      await eventually(async () => assert.equal(await queried(first), before + 5), SOON);
      const rate = `sum(rate(istio_requests_total{reporter="source",${ends}}[1m]))`;
      assert.ok((await queried(rate)) > 0);
      const buckets = `istio_request_duration_milliseconds_bucket{reporter="source",${ends}}`;
      const median = await queried(`histogram_quantile(0.5, sum by (le) (${buckets}))`);
      assert.ok(median > 0 && median < 5_000, String(median));
    });

    it("answer every question of the dashboard", async () => {
      for (const query of queriesOf(await readDashboard())) {
        const parameters = new URLSearchParams({ query });
        const response = await fetch(`${mesh.prometheusAddress}/api/v1/query?${parameters}`);
        const { status, error } = (await response.json()) as Record<string, string>;
        assert.equal(status, "success", `${query}: ${error}`);
      }
    });
  });
});
