import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "mocha";
import {
  interceptionContainer,
  type SidecarTemplate,
  sidecarContainer,
} from "../../../plugin/docker/sidecar-container.ts";
import { LARGEST_BODY } from "../../../plugin/launcher/read-request.ts";
import { AGENT_MOUNTS, IMAGE, LauncherRig, STARTED } from "../../helpers/launcher-rig.ts";
import { containerId, workloadOf } from "../../helpers/workloads.ts";

const [ORDERS, OTHER, SIDECAR, AGENT, HELD] = ["a", "b", "c", "d", "e"].map(containerId) as [
  ...[string, string, string, string, string],
];
const OWN: SidecarTemplate["own"] = {
  image: IMAGE,
  socketMount: { Type: "volume", Source: "mesh_run", Target: "/run/mesh", ReadOnly: true },
};
const TEMPLATE: SidecarTemplate = {
  ...{ own: OWN, socket: "/run/mesh/agent.sock", logLevel: "info", migrates: true },
};
const TARGET = { ...workloadOf("orders", "a"), containerName: "orders", startedAt: STARTED };
const UNIQUE = {
  token: "0123456789abcdefghijklmnopqrst_-",
  suffix: "0a1b2c",
  specification: "0123456789abcdef",
  takesOver: false,
};
const SPECIFICATION = sidecarContainer(TEMPLATE, TARGET, UNIQUE);

describe("the launcher", () => {
  let rig: LauncherRig;
  const { signal } = new AbortController();

  beforeEach(async () => {
    rig = await LauncherRig.open();
    const environment = ["PASSWORD=secret", "MESH_SIDECAR_TOKEN=known"];
    const made = { "docker-mesh.role": "sidecar", "docker-mesh.workload": ORDERS };
    rig.add({ Id: ORDERS, Name: "orders", labels: { "mesh.enable": "true" }, environment });
    rig.add({ Id: OTHER, Name: "other", labels: {}, environment });
    rig.add({
      ...{ Id: SIDECAR, Name: "orders.mesh-1", labels: made, environment },
      networkMode: `container:${ORDERS}`,
    });
    const role = { "docker-mesh.role": "agent" };
    rig.add({ Id: AGENT, Name: "agent", labels: role, mounts: AGENT_MOUNTS, environment });
    rig.add({ Id: HELD, Name: "job", labels: { "mesh.hold": "true" } });
  });

  afterEach(() => rig[Symbol.asyncDispose]());

  /** What has been done at the engine, questions aside. */
  const done = (): string[] =>
    rig.reached
      .filter(({ method }) => method !== "GET")
      .map(({ method, target }) => `${method} ${target}`);

  it("creates a sidecar, and writes the request itself", async () => {
    assert.equal(await rig.engine.create(SPECIFICATION, signal), containerId("9"));
    const [request] = rig.reached.filter(({ method }) => method === "POST");
    assert.equal(request?.target, "/containers/create?name=orders.mesh-0a1b2c");
    const { name: _, ...body } = SPECIFICATION;
    assert.deepEqual(JSON.parse(request?.body ?? ""), JSON.parse(JSON.stringify(body)));
    const names = request?.headers.filter((_each, index) => index % 2 === 0);
    assert.deepEqual(names?.map((each) => each.toLowerCase()).sort(), [
      ...["connection", "content-length", "content-type", "host"],
    ]);
  });

  it("creates an init container", async () => {
    await rig.engine.create(interceptionContainer(TEMPLATE, TARGET, "0a1b2c"), signal);
    assert.deepEqual(done(), ["POST /containers/create?name=orders.mesh-init-0a1b2c"]);
  });

  it("passes nothing of a header on", async () => {
    const { name, ...body } = SPECIFICATION;
    const bytes = JSON.stringify(body);
    const head = `POST /containers/create?name=${name} HTTP/1.1\r\nHost: x\r\nX-Registry-Auth: e30=\r\nConnection: close\r\nContent-Length: ${bytes.length}\r\n\r\n`;
    assert.match(await rig.raw(head + bytes), /^HTTP\/1\.1 200/);
    assert.ok(rig.reached.every(({ headers }) => !headers.join().includes("Registry")));
  });

  for (const [what, change] of [
    ["for a container that is not in the mesh", { containerId: OTHER, containerName: "other" }],
    ["for a container that is not there", { containerId: containerId("8") }],
    ["for an earlier start", { startedAt: "2026-03-01T07:00:00Z" }],
    ["with another file of the host", { hostsPath: "/etc/shadow" }],
  ] as const)
    it(`creates none ${what}`, async () => {
      const specification = sidecarContainer(TEMPLATE, { ...TARGET, ...change }, UNIQUE);
      await assert.rejects(rig.engine.create(specification, signal), { code: "ENGINE_REFUSED" });
      assert.deepEqual(done(), []);
    });

  it("creates none of another image, and of that of an agent that has just been replaced by one of another", async () => {
    const next = `sha256:${containerId("7")}`;
    const specification = sidecarContainer(
      { ...TEMPLATE, own: { ...OWN, image: next } },
      ...([TARGET, UNIQUE] as const),
    );
    await assert.rejects(rig.engine.create(specification, signal), /Image: expected/);
    const role = { "docker-mesh.role": "agent" };
    rig.add({ Id: AGENT, Name: "agent", labels: role, mounts: AGENT_MOUNTS, image: next });
    await rig.engine.create(specification, signal);
    assert.equal(done().length, 1);
  });

  it("creates none for an agent that does not mount its socket", async () => {
    rig.add({ Id: AGENT, Name: "agent", labels: { "docker-mesh.role": "agent" } });
    await assert.rejects(rig.engine.create(SPECIFICATION, signal), /expected an agent that mounts/);
  });

  it("makes sidecars of whichever of two agents asks, each of its own image", async () => {
    const [second, image] = [containerId("6"), `sha256:${containerId("5")}`];
    const labels = { "docker-mesh.role": "agent" };
    rig.add({ Id: second, Name: "agent-2", labels, mounts: AGENT_MOUNTS, image });
    const other = sidecarContainer({ ...TEMPLATE, own: { ...OWN, image } }, TARGET, UNIQUE);
    for (const specification of [SPECIFICATION, other, SPECIFICATION])
      await rig.engine.create(specification, signal);
    assert.equal(done().length, 3);
  });

  it("starts, stops and removes what the mesh has made", async () => {
    await rig.engine.start(SIDECAR, signal);
    await rig.engine.signal(SIDECAR, "SIGINT", signal);
    await rig.engine.stop(SIDECAR, 5, signal);
    await rig.engine.waitForExit(SIDECAR, signal);
    await rig.engine.remove(SIDECAR, signal);
    assert.deepEqual(done(), [
      `POST /containers/${SIDECAR}/start`,
      `POST /containers/${SIDECAR}/kill?signal=SIGINT`,
      `POST /containers/${SIDECAR}/stop?t=5`,
      `POST /containers/${SIDECAR}/wait`,
      `DELETE /containers/${SIDECAR}?force=true&v=true`,
    ]);
  });

  for (const [name, id] of [
    ["an application", ORDERS],
    ["another container", OTHER],
    ["the agent", AGENT],
    ["a container that is to be held", HELD],
  ] as const)
    it(`leaves ${name} alone`, async () => {
      for (const [method, target] of [
        ["POST", "start"],
        ["POST", "wait"],
        ["POST", "kill?signal=SIGINT"],
        ["POST", "stop?t=1"],
        ["GET", "logs?stdout=true&tail=1"],
      ] as const)
        assert.equal(await rig.send(method, `/containers/${id}/${target}`), 403, target);
      assert.equal(await rig.send("DELETE", `/containers/${id}?force=true&v=true`), 403);
      assert.deepEqual(done(), []);
    });

  it("leaves alone what only says that it is a sidecar", async () => {
    const labels = { "docker-mesh.role": "sidecar", "docker-mesh.workload": ORDERS };
    rig.add({ Id: OTHER, Name: "other", labels, networkMode: `container:${HELD}` });
    assert.equal(await rig.send("POST", `/containers/${OTHER}/start`), 403);
  });

  it("pauses a container that is held to what it may call outside", async () => {
    const confined = containerId("f");
    rig.add({ Id: confined, Name: "confined", labels: { "mesh.egress": "deny" } });
    assert.equal(await rig.engine.pause(confined, signal), true);
  });

  it("pauses what asks to be held, and nothing else", async () => {
    assert.equal(await rig.engine.pause(HELD, signal), true);
    await rig.engine.unpause(HELD, signal);
    for (const id of [ORDERS, OTHER, SIDECAR, AGENT])
      for (const what of ["pause", "unpause"])
        assert.equal(await rig.send("POST", `/containers/${id}/${what}`), 403);
    const calls = [`POST /containers/${HELD}/pause`, `POST /containers/${HELD}/unpause`];
    assert.deepEqual(done(), calls);
  });

  it("starts explicit sidecars, which only their users stop and remove", async () => {
    const labels = { "docker-mesh.explicit": "sidecar" };
    rig.add({ Id: OTHER, Name: "other", labels, networkMode: `container:${ORDERS}` });
    await rig.engine.start(OTHER, signal);
    assert.equal(await rig.send("POST", `/containers/${OTHER}/stop?t=1`), 403);
    assert.equal(await rig.send("DELETE", `/containers/${OTHER}?force=true&v=true`), 403);
  });

  it("tells nothing of environments, commands and mounts, but for the tokens of sidecars", async () => {
    for (const id of [ORDERS, SIDECAR, AGENT]) {
      const answer = await rig.get(`/containers/${id}/json`);
      assert.match(answer, /^HTTP\/1\.1 200/);
      assert.doesNotMatch(answer, /secret/);
      assert.equal(answer.includes("MESH_SIDECAR_TOKEN=known"), id === SIDECAR);
      assert.equal(answer.includes("mesh_run"), id === AGENT);
    }
    for (const target of ["/info", "/version", "/containers/json?all=true"]) {
      const answer = await rig.get(target);
      assert.match(answer, /^HTTP\/1\.1 200/);
      assert.doesNotMatch(answer, /secret|Os|other/);
    }
  });

  it("does not know containers that are not the mesh's business", async () => {
    assert.equal(await rig.send("GET", `/containers/${OTHER}/json`), 404);
    assert.equal(await rig.engine.inspect(OTHER, signal), undefined);
    assert.ok(!(await rig.engine.list(signal)).includes(OTHER));
  });

  it("tells what the engine says of its failures", async () => {
    assert.equal(await rig.engine.inspect(containerId("8"), signal), undefined);
    assert.equal(await rig.send("POST", `/containers/${containerId("8")}/start`), 404);
  });

  const body = "{}";
  for (const [what, head] of [
    ["a length and chunks", `Content-Length: ${body.length}\r\nTransfer-Encoding: chunked\r\n`],
    ["chunks", "Transfer-Encoding: chunked\r\n"],
    ["chunks in another way", "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n"],
    ["two lengths", "Content-Length: 2\r\nContent-Length: 2\r\n"],
    ["two lengths that differ", "Content-Length: 0\r\nContent-Length: 2\r\n"],
    ["two lengths in one", "Content-Length: 0, 2\r\n"],
    ["a length with a sign", "Content-Length: +2\r\n"],
    ["an upgrade", "Connection: upgrade\r\nUpgrade: tcp\r\nContent-Length: 2\r\n"],
    ["an expectation", "Expect: 100-continue\r\nContent-Length: 2\r\n"],
    ["an encoding", "Content-Encoding: gzip\r\nContent-Length: 2\r\n"],
    ["a head's line that goes on", "X: a\r\n b\r\nContent-Length: 2\r\n"],
    ["a blank in a name", "Content-Length : 2\r\n"],
  ])
    it(`refuses ${what}`, async () => {
      const target = `/containers/${SIDECAR}/start`;
      const answer = await rig.raw(`POST ${target} HTTP/1.1\r\nHost: x\r\n${head}\r\n${body}`);
      assert.match(answer, /^HTTP\/1\.1 4\d\d/);
      assert.deepEqual(done(), []);
    });

  it("does not take a body that was hidden for another request", async () => {
    const hidden = `DELETE /containers/${SIDECAR}?force=true&v=true HTTP/1.1\r\nHost: x\r\n\r\n`;
    const head = `GET /info HTTP/1.1\r\nHost: x\r\nContent-Length: ${hidden.length}\r\n\r\n`;
    assert.match(await rig.raw(head + hidden), /^HTTP\/1\.1 400/);
    assert.deepEqual(done(), []);
  });

  it("reads no body that is larger than any that an agent sends", async () => {
    const target = "/containers/create?name=x";
    assert.equal(await rig.send("POST", target, "x".repeat(LARGEST_BODY + 1)), 413);
    const head = `POST ${target} HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n\r\n`;
    assert.match(await rig.raw(head), /^HTTP\/1\.1 413/);
    for (const text of ["", "x", "[]", "null", '"x"', '{"HostConfig":'])
      assert.notEqual(await rig.send("POST", target, text), 200);
    assert.deepEqual(done(), []);
  });

  it("asks nothing of the engine for a body that does not come whole", async () => {
    const head = `POST /containers/${SIDECAR}/start HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n`;
    await rig.raw(`${head}{`, { leaves: true });
    assert.deepEqual(done(), []);
  });
});
