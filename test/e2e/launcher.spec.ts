// Who holds the engine's socket, on a real engine: what an agent that was taken over could do there, and how the mesh fares while
// the launcher is gone.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { after, before, describe, it } from "mocha";
import type { Check } from "../../plugin/check/check.ts";
import { docker } from "../helpers/docker.ts";
import { eventually } from "../helpers/eventually.ts";
import { Mesh, Visitor } from "../helpers/mesh.ts";
import { ComposeProject, echoService } from "../helpers/project.ts";

const PROJECT = "mesh-test-launcher";
const PLUGIN = fileURLToPath(new URL("../../plugin/cli.ts", import.meta.url));

/** In the agent's container: a call of the engine as an attacker makes it there; prints the status. */
const CALL = `
const [method, path, body = ""] = process.argv.slice(1);
const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
const socketPath = "/run/docker-engine/engine.sock";
require("node:http")
  .request({ socketPath, method, path, headers }, (answer) => {
    console.log(answer.statusCode);
    answer.resume();
  })
  .end(body);`;

/** Lets through what docs/security.md says that a filtering proxy of another maker has to: paths, and changes at all. */
const PROXY = `
const http = require("node:http");
const open = /^(\\/v[\\d.]+)?\\/(containers|info|events|version)/;
http.createServer((request, response) => {
  const { method, url, headers } = request;
  if (!open.test(url)) return response.writeHead(403).end();
  const socketPath = process.env.SOCKET;
  const asked = http.request({ socketPath, method, path: url, headers }, (answer) => {
    response.writeHead(answer.statusCode, answer.headers);
    response.flushHeaders();
    answer.pipe(response);
  });
  asked.on("error", () => response.destroy());
  response.on("close", () => asked.destroy());
  request.pipe(asked);
}).listen(2375);`;

describe("the launcher", () => {
  let mesh: Mesh;
  let project: ComposeProject;

  before(async () => {
    mesh = await Mesh.start({ catalog: "embedded" });
    const service = echoService({ "mesh.enable": "true" });
    project = await ComposeProject.up(PROJECT, {
      services: { web: service, orders: service, late: { ...service, scale: 0 } },
    });
    await mesh.untilReady({ [`${PROJECT}-web`]: 1, [`${PROJECT}-orders`]: 1 });
  });

  after(async () => {
    await project?.[Symbol.asyncDispose]();
    const proxies = await docker("ps", "-q", "--filter", "label=com.docker.compose.service=proxy");
    if (proxies !== "") await docker("rm", "-f", proxies);
    await mesh?.[Symbol.asyncDispose]();
  });

  const inspect = async (id: string, format: string): Promise<string> =>
    await docker("inspect", "--format", format, id);

  it("holds the engine's socket alone, and has no network", async () => {
    const [agent, launcher] = await Promise.all([
      mesh.containerOf("agent"),
      mesh.containerOf("launcher"),
    ]);
    const mounts = "{{range .Mounts}}{{.Type}} {{.Destination}}\n{{end}}";
    assert.ok(!(await inspect(agent, mounts)).includes("bind"));
    assert.match(await inspect(launcher, mounts), /bind \/host\/run/);
    assert.equal(await inspect(launcher, "{{.HostConfig.NetworkMode}}"), "none");
  });

  it("does for an agent that was taken over what sidecars need, and nothing else", async () => {
    const agent = await mesh.containerOf("agent");
    const [orders = ""] = await project.containersOf("orders");
    const image = await inspect(agent, "{{.Image}}");
    const call = async (...args: string[]): Promise<string> =>
      await docker("exec", agent, "node", "-e", CALL, ...args);
    const create = (host: object): [string, string, string] => [
      ...(["POST", "/containers/create?name=intruder"] as const),
      JSON.stringify({ Image: image, Cmd: ["sh"], HostConfig: host }),
    ];
    for (const [args, status] of [
      [["GET", "/version"], "200"],
      [["GET", "/images/json"], "403"],
      [["GET", "/v1.41/info"], "403"],
      [["POST", `/containers/${orders}/exec`, '{"Cmd":["sh"]}'], "403"],
      [["POST", `/containers/${orders}/stop?t=0`], "403"],
      [["DELETE", `/containers/${orders}?force=true&v=true`], "403"],
      [["POST", `/containers/${agent}/kill?signal=SIGINT`], "403"],
      [create({ Privileged: true, Binds: ["/:/host"] }), "403"],
      [create({ NetworkMode: `container:${orders}` }), "403"],
      [create({ NetworkMode: `container:${orders}`, Binds: ["/:/host"] }), "403"],
    ] as readonly (readonly [string[], string])[])
      assert.equal(await call(...args), status, args.slice(0, 2).join(" "));
    assert.equal(await docker("ps", "-aq", "--filter", "name=intruder"), "");
    const secret = await docker(
      ...[
        "exec",
        agent,
        "node",
        "-e",
        CALL.replace("answer.resume()", "answer.pipe(process.stdout)"),
      ],
      ...["GET", `/containers/${orders}/json`],
    );
    assert.match(secret, /"HostsPath"/);
    assert.doesNotMatch(secret, /"Env"|"Mounts"/);
  });

  it("may be killed: traffic goes on, and what starts meanwhile joins when it is back", async () => {
    const visitor = new Visitor(async () => {
      const { status } = await project.fetch("web", "http://orders:8080/");
      assert.equal(status, 200);
    });
    try {
      await docker("kill", await mesh.containerOf("launcher"));
      await project.compose("up", "-d", "--no-deps", "--scale", "late=1", "late");
      const served = visitor.served;
      await eventually(async () => assert.ok(visitor.served > served + 5));
      await mesh.compose("start", "launcher");
      await mesh.untilReady({ [`${PROJECT}-late`]: 1 });
    } finally {
      await visitor.stop();
    }
    assert.deepEqual(visitor.failures, []);
  });

  it("is found well guarded by `docker mesh check --security`", async () => {
    const command = [PLUGIN, "mesh", "check", "--security", "--format", "json"];
    const { stdout } = await promisify(execFile)(process.execPath, command);
    const { checks } = JSON.parse(stdout) as { readonly checks: readonly Check[] };
    const states = Object.fromEntries(checks.map(({ name, state }) => [name, state]));
    for (const name of ["socket", "launcher", "console", "api", "sidecars", "keys"])
      assert.equal(states[name], "fine", name);
    assert.equal(states["access"], "warning");
  });

  it("is not needed where a proxy of another maker stands before the engine", async () => {
    const image = await inspect(await mesh.containerOf("agent"), "{{.Config.Image}}");
    const folder = await inspect(
      await mesh.containerOf("launcher"),
      '{{range .Mounts}}{{if eq .Destination "/host/run"}}{{.Source}}{{end}}{{end}}',
    );
    const [, socket = ""] =
      /DOCKER_HOST=unix:\/\/(\S+)/.exec(
        await inspect(await mesh.containerOf("launcher"), "{{.Config.Env}}"),
      ) ?? [];
    await mesh.change({
      services: {
        proxy: {
          ...{ image, command: ["node", "-e", PROXY], volumes: [`${folder}:/host/run`] },
          environment: { SOCKET: socket.replace(/\]$/, "") },
        },
        agent: { environment: { DOCKER_HOST: "tcp://proxy:2375" } },
      },
    });
    await project.compose("up", "-d", "--no-deps", "--scale", "late=2", "late");
    await mesh.untilReady({ [`${PROJECT}-late`]: 2 });
    const response = await eventually(() => project.fetch("web", "http://late:8080/"));
    assert.equal(response.status, 200);
  });
});
