// Spans of real sidecars, as a collector outside of the mesh gets them.
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "mocha";
import { docker, meshCommand } from "../helpers/docker.ts";
import { eventually } from "../helpers/eventually.ts";
import { freePort } from "../helpers/free-port.ts";
import { Mesh } from "../helpers/mesh.ts";
import { OtlpReceiver } from "../helpers/otlp-receiver.ts";
import type { ReceivedAttribute } from "../helpers/otlp-shape.ts";
import { ComposeProject, type EchoAnswer, echoService } from "../helpers/project.ts";

const PROJECT = "mesh-test-traces";
const WEB = `${PROJECT}-web`;
const ORDERS = `${PROJECT}-orders`;
const FLAKY = `${PROJECT}-flaky`;
const READY = { [WEB]: 1, [ORDERS]: 1, [FLAKY]: 1 };
const EVERYWHERE = "0.0.0.0";
const [CLIENT, SERVER, ERROR] = [3, 2, 2];
/** Asks in the caller's container, with fields of its own. */
const ASK = `
const [url, headers] = process.argv.slice(1);
fetch(url, { headers: JSON.parse(headers) }).then(async (r) => console.log(JSON.stringify({ status: r.status, body: await r.text() })));
`;

/** Fails once. */
const FAILS_FIRST = `
let asked = 0;
require("node:http").createServer((q, s) => {
  s.statusCode = asked === 0 ? 503 : 200;
  asked += 1;
  s.end("{}");
}).listen(8080, "0.0.0.0");
process.on("SIGTERM", () => process.exit(0));
`;

interface SeenSpan {
  readonly service: unknown;
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly isError: boolean;
  readonly values: Readonly<Record<string, unknown>>;
  readonly tries: readonly unknown[];
}

describe("traces", () => {
  let mesh: Mesh;
  let project: ComposeProject;
  let receiver: OtlpReceiver;
  let port: number;

  before(async () => {
    mesh = await Mesh.start();
    receiver = new OtlpReceiver();
    port = await freePort(EVERYWHERE);
    await receiver.listen(EVERYWHERE, port);
    // The engine's side of the agent's network, which is this machine.
    const gateway = await docker(
      ...["network", "inspect", "mesh-test_default"],
      ...["--format", "{{(index .IPAM.Config 0).Gateway}}"],
    );
    await mesh.upgrade({ OTEL_EXPORTER_OTLP_ENDPOINT: `http://${gateway}:${port}` });
    const web = echoService({ "mesh.enable": "true" });
    const orders = echoService({ "mesh.enable": "true", "mesh.traces.share": "100" });
    const retried = { "mesh.retries.on": "5xx", "mesh.traces.share": "100" };
    const command = ["node", "-e", FAILS_FIRST];
    const flaky = echoService({ "mesh.enable": "true", ...retried }, { command });
    project = await ComposeProject.up(PROJECT, { services: { web, orders, flaky } });
    await mesh.untilReady(READY);
  });

  after(async () => {
    await project?.[Symbol.asyncDispose]();
    await mesh?.[Symbol.asyncDispose]();
    await receiver?.[Symbol.asyncDispose]();
  });

  beforeEach(() => {
    receiver.received.length = 0;
  });

  const ask = async (
    path: string,
    headers: Readonly<Record<string, string>> = {},
    service = "orders",
  ): Promise<{ readonly status: number; readonly echo: EchoAnswer | undefined }> => {
    const url = `http://${service}:8080${path}`;
    const text = await project.exec("web", "node", "-e", ASK, url, JSON.stringify(headers));
    const { status, body } = JSON.parse(text) as { readonly status: number; readonly body: string };
    return { status, echo: status === 200 ? (JSON.parse(body) as EchoAnswer) : undefined };
  };

  /** The two spans of the request for that path, once both have come: its caller's and its callee's. */
  const spansOf = async (path: string): Promise<readonly [SeenSpan, SeenSpan]> =>
    await eventually(
      () => {
        assert.deepEqual(receiver.violations, []);
        const spans = seen(receiver).filter(({ values }) =>
          String(values["url.path"] ?? values["url.full"]).endsWith(path),
        );
        const of = (kind: number): SeenSpan[] => spans.filter((span) => span.kind === kind);
        const [[client], [server]] = [of(CLIENT), of(SERVER)];
        assert.ok(client !== undefined && server !== undefined, JSON.stringify(spans));
        return [client, server] as const;
      },
      { timeout: 20_000 },
    );

  it("begin at the first sidecar and go on through the application", async () => {
    const { echo } = await ask("/began");
    const [client, server] = await spansOf("/began");
    assert.deepEqual([client.service, server.service], [WEB, ORDERS]);
    assert.equal(server.traceId, client.traceId);
    assert.deepEqual([client.parentSpanId, server.parentSpanId], [undefined, client.spanId]);
    assert.equal(
      echo?.headers["traceparent"]?.slice(0, -2),
      `00-${server.traceId}-${server.spanId}-`,
    );
    assert.equal(client.values["peer.service"], ORDERS);
    assert.match(String(server.values["mesh.peer"]), new RegExp(`/svc/${WEB}$`));
    assert.equal(client.values["http.response.status_code"], "200");
  });

  it("go on where a request comes with one, and are nobody's who did not want to be traced", async () => {
    const traceId = "0af7651916cd43dd8448eb211c80319c";
    const parent = `00-${traceId}-b7ad6b7169203331`;
    await ask("/unsampled", { traceparent: `${parent}-00` });
    const { echo } = await ask("/sampled", {
      traceparent: `${parent}-01`,
      tracestate: "congo=t61",
    });
    const [client, server] = await spansOf("/sampled");
    assert.deepEqual([client.traceId, server.traceId], [traceId, traceId]);
    assert.equal(client.parentSpanId, "b7ad6b7169203331");
    assert.match(echo?.headers["tracestate"] ?? "", /congo=t61/);
    assert.ok(!JSON.stringify(receiver.received).includes("/unsampled"));
  });

  it("tell of each try that did not last", async () => {
    assert.equal((await ask("/tried", {}, "flaky")).status, 200);
    const [client] = await spansOf("/tried");
    assert.deepEqual(client.tries, ["503"]);
    assert.equal(client.isError, false);
    await eventually(() => {
      const servers = seen(receiver).filter(({ values }) => values["url.path"] === "/tried");
      const parents = servers.map(({ parentSpanId }) => parentSpanId);
      assert.deepEqual(parents, [client.spanId, client.spanId]);
    });
  });

  it("are of what fails in any case, and say why", async () => {
    await meshCommand("policy", "set", ORDERS, "traces.share=0", "deny=web");
    await eventually(async () => assert.equal((await ask("/denied")).status, 403));
    receiver.received.length = 0;
    await ask("/denied/once");
    const [client, server] = await spansOf("/denied/once");
    assert.equal(server.traceId, client.traceId);
    for (const { isError, values } of [client, server]) {
      assert.equal(isError, true);
      assert.equal(values["mesh.failure"], "ACCESS_DENIED");
    }
    assert.equal(server.values["mesh.reason"], "deny");
    await meshCommand("policy", "unset", ORDERS, "traces.share", "deny");
    await eventually(async () => assert.equal((await ask("/")).status, 200));
  });

  it("are waited with while the collector is away, which traffic does not feel", async () => {
    await receiver[Symbol.asyncDispose]();
    assert.equal((await ask("/away")).status, 200);
    await mesh.untilProblem(/^spans wait for the collector at http:.*ECONNREFUSED/);
    assert.equal((await ask("/away/still")).status, 200);
    receiver = new OtlpReceiver();
    await receiver.listen(EVERYWHERE, port);
    await spansOf("/away");
    await spansOf("/away/still");
    const { problems } = await mesh.status();
    assert.deepEqual(problems, []);
  });

  it("that are left are sent when the agent is stopped", async () => {
    await ask("/last");
    await mesh.compose("stop", "agent");
    await spansOf("/last");
    await mesh.compose("start", "agent");
    await mesh.untilReady(READY);
  });
});

function seen(receiver: OtlpReceiver): readonly SeenSpan[] {
  return receiver.received.flatMap(({ request }) =>
    request.resourceSpans.flatMap(({ resource, scopeSpans }) =>
      scopeSpans.flatMap(({ spans }) =>
        spans.map(({ kind, traceId, spanId, parentSpanId, status, attributes, events = [] }) => ({
          ...{ kind, traceId, spanId, parentSpanId, isError: status?.code === ERROR },
          service: valuesOf(resource.attributes)["service.name"],
          values: valuesOf(attributes),
          tries: events.map((event) => valuesOf(event.attributes)["mesh.outcome"]),
        })),
      ),
    ),
  );
}

function valuesOf(attributes: readonly ReceivedAttribute[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}
