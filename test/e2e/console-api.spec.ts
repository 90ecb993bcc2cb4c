// The server side of the console at a real mesh: the way in, what it streams, and what it keeps back. What people see stands in
// console.spec.ts.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { after, before, describe, it } from "mocha";
import type { Dashboard } from "../../plugin/commands/dashboard.ts";
import type { ConsoleView, EdgeView, SessionView } from "../../plugin/console/view.ts";
import { docker, meshCommand } from "../helpers/docker.ts";
import { eventually } from "../helpers/eventually.ts";
import { Mesh } from "../helpers/mesh.ts";
import { ComposeProject, echoService } from "../helpers/project.ts";

const PROJECT = "mesh-test-dashboard";
const WEB = `${PROJECT}-web`;
const ORDERS = `${PROJECT}-orders`;

interface LoggedIn extends SessionView {
  readonly cookie: string;
}

describe("the console's server", () => {
  let mesh: Mesh;
  let project: ComposeProject;
  let dashboard: Dashboard;

  before(async () => {
    mesh = await Mesh.start();
    const web = echoService({ "mesh.enable": "true" });
    const orders = echoService({ "mesh.enable": "true", "mesh.version": "v7" });
    project = await ComposeProject.up(PROJECT, { services: { web, orders } });
    await mesh.untilReady({ [WEB]: 1, [ORDERS]: 1 });
    dashboard = await askForDashboard();
  });

  after(async () => {
    await project?.[Symbol.asyncDispose]();
    await mesh?.[Symbol.asyncDispose]();
  });

  async function askForDashboard(): Promise<Dashboard> {
    return JSON.parse(await meshCommand("dashboard", "--format", "json")) as Dashboard;
  }

  async function logIn(role: "admin" | "viewer"): Promise<LoggedIn> {
    const answer = await fetch(`${mesh.consoleAddress}/api/session`, {
      method: "POST",
      headers: { "content-type": "application/json", origin: mesh.consoleAddress },
      body: JSON.stringify({ token: dashboard.access[role] }),
    });
    assert.equal(answer.status, 200);
    const [cookie = ""] = answer.headers.getSetCookie()[0]?.split(";") ?? [];
    return { ...((await answer.json()) as SessionView), cookie };
  }

  async function get(path: string, { cookie }: LoggedIn, signal?: AbortSignal): Promise<Response> {
    return await fetch(mesh.consoleAddress + path, { headers: { cookie }, signal: signal ?? null });
  }

  it("is where the command says, on this machine alone", () => {
    assert.deepEqual(dashboard.addresses, [`${mesh.consoleAddress}/`]);
  });

  it("streams who calls whom, with versions and mutual TLS", async () => {
    const viewer = await logIn("viewer");
    const stop = new AbortController();
    const { body } = await get("/api/events", viewer, stop.signal);
    assert.ok(body !== null);
    const calling = eventually(
      async () => {
        assert.equal((await project.fetch("web", "http://orders:8080/")).status, 200);
        if (!stop.signal.aborted) throw new Error("goes on");
      },
      { timeout: 30_000 },
    );
    let read = "";
    let edge: EdgeView | undefined;
    for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
      read += chunk;
      const events = read.split("\n\n");
      read = events.pop() ?? "";
      const views = events
        .filter((event) => event.startsWith("data: "))
        .map((event) => JSON.parse(event.slice("data: ".length)) as ConsoleView);
      edge = views
        .at(-1)
        ?.edges.find(({ source, destination }) => source === WEB && destination === ORDERS);
      if (edge !== undefined && edge.requestsPerSecond > 0) break;
    }
    stop.abort();
    await calling;
    assert.deepEqual([edge?.security, edge?.errorShare], ["mtls", 0]);
    assert.deepEqual(Object.keys(edge?.versions ?? {}), ["v7"]);
    assert.ok((edge?.p99 ?? 0) > 0);
  });

  it("shows the agent's API and Consul's UI behind the same login, and no private key", async () => {
    const admin = await logIn("admin");
    assert.equal(admin.consul, true);
    assert.equal((await get("/api/mesh/v1/health", admin)).status, 200);
    assert.match(await (await get("/ui/", admin)).text(), /<title>Consul/);
    assert.equal((await get(`/v1/health/service/${ORDERS}`, admin)).status, 200);
    assert.equal((await get(`/v1/agent/connect/ca/leaf/${ORDERS}`, admin)).status, 403);
    for (const path of ["/api/mesh/v1/health", "/ui/", `/v1/health/service/${ORDERS}`])
      assert.equal((await fetch(mesh.consoleAddress + path)).status, 401);
  });

  it("refuses an upgrade without a login", async () => {
    const { hostname, port } = new URL(mesh.consoleAddress);
    const socket = connect(Number(port), hostname);
    socket.write(
      "GET /v1/catalog/services HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
    );
    assert.match(String((await once(socket, "data"))[0]), /^HTTP\/1\.1 401 /);
    await once(socket, "close");
  });

  it("knows its tokens after the agent was made anew, and nobody who had logged in", async () => {
    const viewer = await logIn("viewer");
    const stream = await get("/api/events", viewer);
    const over = stream.text().catch(() => "cut");
    await docker("restart", "--time", "10", await mesh.containerOf("agent"));
    await over;
    await eventually(async () => assert.equal((await get("/api/session", viewer)).status, 401), {
      timeout: 30_000,
    });
    const before = dashboard.access;
    dashboard = await eventually(askForDashboard, { timeout: 30_000 });
    assert.deepEqual(dashboard.access, before);
    await logIn("viewer");
  });

  it("ends with the agent, which says why, where a file of its settings is missing", async () => {
    const environment = { MESH_CONSOLE_TOKEN_FILE: "/none" };
    await mesh.change({ services: { agent: { environment } } }, "agent");
    const agent = await mesh.containerOf("agent");
    await eventually(
      async () => {
        assert.ok(Number(await docker("inspect", "--format", "{{.RestartCount}}", agent)) > 0);
        assert.match(
          await docker("logs", agent),
          /MESH_CONSOLE_TOKEN_FILE: expected a file that can be read at \/none/,
        );
      },
      { timeout: 30_000 },
    );
  });
});
