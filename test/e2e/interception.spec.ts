// What `mesh.mtls` and `mesh.intercept` keep out and let in, seen from containers inside and outside the mesh.
import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { docker } from "../helpers/docker.ts";
import { eventually } from "../helpers/eventually.ts";
import { Mesh } from "../helpers/mesh.ts";
import { ComposeProject, echoService, sidecarsOf } from "../helpers/project.ts";

describe("interception", () => {
  let mesh: Mesh;
  let project: ComposeProject;

  before(async () => {
    mesh = await Mesh.start();
    project = await ComposeProject.up("mesh-test-interception", {
      services: {
        caller: echoService({ "mesh.enable": "true" }),
        outsider: echoService({}),
        permissive: echoService({ "mesh.enable": "true" }),
        strict: echoService({ "mesh.enable": "true", "mesh.mtls": "strict" }),
        off: echoService(
          { "mesh.enable": "true", "mesh.intercept": "off", "mesh.port": "9090" },
          {},
          9090,
        ),
      },
    });
    const name = (service: string): string => `${project.name}-${service}`;
    await mesh.untilReady({
      [name("caller")]: 1,
      [name("permissive")]: 1,
      [name("strict")]: 1,
      [name("off")]: 1,
    });
  });

  after(async () => {
    await project?.[Symbol.asyncDispose]();
    await mesh?.[Symbol.asyncDispose]();
  });

  for (const service of ["permissive", "strict"]) {
    it(`carries a request to a ${service} service under the caller's identity`, async () => {
      const { status, echo } = await project.fetch("caller", `http://${service}:8080/path?query`);
      assert.equal(status, 200);
      assert.equal(echo?.url, "/path?query");
      assert.match(
        echo?.headers["x-forwarded-client-cert"] ?? "",
        /URI=spiffe:\/\/[^/]+\/ns\/default\/dc\/dc1\/svc\/mesh-test-interception-caller/,
      );
    });
  }

  it("reaches a service by its full name as well", async () => {
    const { status } = await project.fetch("caller", `http://${project.name}-permissive:8080/`);
    assert.equal(status, 200);
  });

  it("lets plaintext from outside the mesh into a permissive service, without identity", async () => {
    const { status, echo } = await project.fetch("outsider", "http://permissive:8080/");
    assert.equal(status, 200);
    assert.equal(echo?.headers["x-forwarded-client-cert"], undefined);
  });

  it("refuses plaintext from outside the mesh at a strict service, on every port", async () => {
    assert.equal((await project.fetch("outsider", "http://strict:8080/")).status, 0);
    assert.equal((await project.fetch("outsider", "http://strict:9999/")).body, "ECONNREFUSED");
  });

  it("does not believe an identity header that an outsider writes", async () => {
    const script = `fetch("http://permissive:8080/",{headers:{"x-forwarded-client-cert":"URI=spiffe://forged"}}).then(async r=>console.log(await r.text()))`;
    const answer = await project.exec("outsider", "node", "-e", script);
    assert.doesNotMatch(answer, /forged/);
  });

  it("leaves loopback alone: the application still reaches itself", async () => {
    assert.equal((await project.fetch("strict", "http://127.0.0.1:8080/")).status, 200);
  });

  it("goes without redirection where mesh.intercept is off, and still carries mutual TLS", async () => {
    const { status, echo } = await project.fetch("caller", "http://off:9090/");
    assert.equal(status, 200);
    assert.match(echo?.headers["x-forwarded-client-cert"] ?? "", /URI=spiffe:/);
    assert.equal((await project.fetch("off", "http://permissive:8080/")).status, 200);
  });

  it("never touches a container without labels", async () => {
    const [outsider] = await project.containersOf("outsider");
    assert.deepEqual(await sidecarsOf(String(outsider)), []);
    assert.doesNotMatch(await project.exec("outsider", "cat", "/etc/hosts"), /docker-mesh/);
  });

  it("runs sidecars without capabilities, read-only and without the engine's socket", async () => {
    const [caller] = await project.containersOf("caller");
    const [sidecar] = await sidecarsOf(String(caller));
    const [inspected] = JSON.parse(await docker("inspect", String(sidecar))) as [SidecarInspection];
    assert.deepEqual(inspected.HostConfig.CapDrop, ["ALL"]);
    assert.equal(inspected.HostConfig.CapAdd, null);
    assert.equal(inspected.HostConfig.ReadonlyRootfs, true);
    assert.ok(inspected.Mounts.every(({ Source }) => !Source.includes("docker.sock")));
    const status = await docker("exec", String(sidecar), "cat", "/proc/1/status");
    assert.match(status, /CapEff:\s+0000000000000000/);
  });

  it("refuses instead of going around the mesh while the sidecar is dead", async () => {
    const [caller] = await project.containersOf("caller");
    const agent = await mesh.containerOf("agent");
    await docker("pause", agent);
    try {
      for (const sidecar of await sidecarsOf(String(caller))) await docker("kill", sidecar);
      const { status, body } = await project.fetch("caller", "http://permissive:8080/");
      assert.deepEqual({ status, body }, { status: 0, body: "ECONNREFUSED" });
    } finally {
      await docker("unpause", agent);
    }
    await eventually(
      async () => {
        assert.equal((await project.fetch("caller", "http://permissive:8080/")).status, 200);
      },
      { timeout: 20_000 },
    );
  });
});

interface SidecarInspection {
  readonly HostConfig: {
    readonly CapDrop: string[];
    readonly CapAdd: string[] | null;
    readonly ReadonlyRootfs: boolean;
  };
  readonly Mounts: readonly { readonly Source: string }[];
}
