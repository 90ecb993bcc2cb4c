// `docker mesh up` and `down`, on a real engine with applications that run all the while.
import assert from "node:assert/strict";
import { type AddressInfo, createServer } from "node:net";
import { promisify } from "node:util";
import { after, before, describe, it } from "mocha";
import { DockerUser } from "../helpers/compose-release.ts";
import { docker, provided } from "../helpers/docker.ts";
import { eventually } from "../helpers/eventually.ts";
import { ComposeProject, echoService } from "../helpers/project.ts";

const MESH = "mesh-test-install";
const PROJECT = "mesh-test-installed";
const PORTS = ["--console-port", "18600", "--consul-port", "18500"];
const IDENTITY = "x-forwarded-client-cert";

/** A port of this machine that somebody else has. */
async function takenPort(): Promise<AsyncDisposable & { readonly port: number }> {
  const server = createServer();
  const listening = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", listening.resolve);
  await listening.promise;
  const { port } = server.address() as AddressInfo;
  const close = promisify(server.close.bind(server));
  return { port, [Symbol.asyncDispose]: async () => await close() };
}

describe("docker mesh up and down, while applications run", () => {
  let user: DockerUser;
  let withoutNode: DockerUser;
  let project: ComposeProject;

  const ids = async (...filters: readonly string[]): Promise<string> =>
    await docker("ps", "-q", ...filters.flatMap((filter) => ["--filter", filter]));
  /** Who is called, and under which identity of the caller. */
  const call = async (): Promise<string | undefined> => {
    const { status, body, echo } = await project.fetch("caller", "http://echo:8080/");
    assert.equal(status, 200, body);
    return echo?.headers[IDENTITY];
  };
  const untilMeshed = (): Promise<void> =>
    eventually(async () => assert.match((await call()) ?? "", /URI=spiffe:/), { timeout: 60_000 });

  before(async () => {
    const settings = {
      MESH_PROJECT_NAME: MESH,
      MESH_IMAGE: provided("MESH_IMAGE"),
      MESH_CONSUL_IMAGE: provided("MESH_CONSUL_IMAGE"),
    };
    user = await DockerUser.of("trixie", settings);
    withoutNode = await DockerUser.fromImage(provided("MESH_IMAGE"), settings);
    const service = echoService({ "mesh.enable": "true" });
    project = await ComposeProject.up(PROJECT, { services: { caller: service, echo: service } });
  });
  after(async () => {
    await project?.[Symbol.asyncDispose]();
    await user?.docker("mesh", "down", "--volumes");
    await user?.[Symbol.asyncDispose]();
    await withoutNode?.[Symbol.asyncDispose]();
    const left = await docker("volume", "ls", "-q", "--filter", `name=${MESH}`);
    assert.deepEqual([await ids("label=docker-mesh.role"), left], ["", ""]);
  });

  it("up installs the mesh, and waits until applications can join", async () => {
    assert.equal(await call(), undefined);
    const { code, output } = await user.docker("mesh", "up", ...PORTS);
    assert.equal(code, 0, output);
    assert.match(output, /The mesh is up, with the catalog consul\./);
    await untilMeshed();
  });

  it("the plugin is installed from the image alone, and works with that where there is no Node", async () => {
    const { code, output } = await withoutNode.docker("mesh", "status");
    assert.equal(code, 0, output);
    assert.match(output, new RegExp(`^Agent: .*${PROJECT}-caller`, "s"));
    const wrong = await withoutNode.docker("mesh", "endpoints", "nobody");
    assert.notEqual(wrong.code, 0);
  });

  it("up and upgrade again change nothing, where there is no Node either", async () => {
    const found = await ids(`label=com.docker.compose.project=${MESH}`);
    for (const verb of ["up", "upgrade"]) {
      const { code, output } = await withoutNode.docker("mesh", verb);
      assert.equal(code, 0, output);
    }
    assert.equal(await ids(`label=com.docker.compose.project=${MESH}`), found);
  });

  it("down leaves applications as they were before the mesh, also without Consul to tell it", async () => {
    await docker("kill", await ids(`name=${MESH}-consul-1`));
    const found = await ids(`label=com.docker.compose.project=${PROJECT}`);
    const { code, output } = await withoutNode.docker("mesh", "down");
    assert.equal(code, 0, output);
    assert.match(output, /The mesh is gone; applications go on without it\./);
    assert.equal(await ids("label=docker-mesh.role"), "");
    assert.equal(await call(), undefined);
    assert.ok(!(await project.exec("caller", "cat", "/etc/hosts")).includes("docker-mesh"));
    assert.equal(await ids(`label=com.docker.compose.project=${PROJECT}`), found);
  });

  it("up without Consul brings it back, from a remote client, too", async () => {
    const host = String(process.env["DOCKER_HOST"]);
    const args = ["mesh", "up", "--catalog", "embedded", "--console-port", "18600"];
    const { code, output } = await user.docker("-H", host, ...args);
    assert.equal(code, 0, output);
    assert.equal(
      await ids(`label=com.docker.compose.project=${MESH}`).then((all) => all.split("\n").length),
      2,
    );
    await untilMeshed();
  });

  it("up that cannot have what it asks for leaves the mesh that is there", async () => {
    const found = await ids("label=docker-mesh.role=agent");
    const { code, output } = await user.docker("mesh", "up", "--console-port", "0x50");
    assert.equal(code, 1);
    assert.match(output, /^invalid argument "0x50" for --console-port: expected a number/);
    assert.equal(await ids("label=docker-mesh.role=agent"), found);
  });

  it("down lets go of sidecars whose agent stands still", async () => {
    await docker("kill", await ids("label=docker-mesh.role=agent"));
    const { code, output } = await user.docker("mesh", "down", "--volumes");
    assert.equal(code, 0, output);
    assert.equal(await ids("label=docker-mesh.role"), "");
    assert.equal(await call(), undefined);
    assert.equal((await user.docker("mesh", "down")).output, "There is no mesh on this engine.\n");
  });

  it("a first up that fails leaves nothing, and says why", async () => {
    await using taken = await takenPort();
    const args = ["mesh", "up", "--catalog", "embedded", "--console-port", String(taken.port)];
    const { code, output } = await user.docker(...args);
    assert.equal(code, 1);
    assert.match(output, /address already in use.*\nthe mesh did not come up: see above/s);
    const volumes = await docker("volume", "ls", "-q", "--filter", `name=${MESH}`);
    assert.deepEqual([await ids(`label=com.docker.compose.project=${MESH}`), volumes], ["", ""]);
  });
});
