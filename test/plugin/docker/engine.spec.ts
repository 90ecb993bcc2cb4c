import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Docker from "dockerode";
import { afterEach, beforeEach, describe, it } from "mocha";
import { Engine } from "../../../plugin/docker/engine.ts";
import { introductionOf, tokenDigest } from "../../../proxy/configuration/introduction.ts";

/** Answers by `<method> <path without version>`; a missing one is never given. */
type Answers = Record<string, readonly [status: number, body: unknown]>;

describe("the engine's client", () => {
  let directory: string;
  let server: Server;
  let answers: Answers;
  let asked: string[];
  let engine: Engine;
  const { signal } = new AbortController();

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "mesh-engine-"));
    answers = {};
    asked = [];
    server = createServer((request, response) => {
      const url = request.url?.replace(/^\/v[\d.]+/, "") ?? "";
      asked.push(`${request.method} ${url}`);
      const answer = answers[`${request.method} ${url.replace(/\?.*/, "")}`];
      if (answer === undefined) return;
      const [status, body] = answer;
      const bytes = Buffer.isBuffer(body) ? body : JSON.stringify(body);
      response.writeHead(status, { "content-type": "application/json" }).end(bytes);
    });
    server.listen(join(directory, "docker.sock"));
    await once(server, "listening");
    engine = new Engine(new Docker({ socketPath: join(directory, "docker.sock") }));
  });

  afterEach(async () => {
    server.closeAllConnections();
    server.close();
    await rm(directory, { recursive: true });
  });

  const container = (labels: Record<string, string> | null): object => ({
    Id: "a1",
    Name: "/orders",
    Config: { Labels: labels },
    State: { Running: true, StartedAt: "2026-03-01T08:00:00Z" },
    HostConfig: { NetworkMode: "bridge" },
    NetworkSettings: { Networks: {} },
    HostsPath: "/hosts",
  });

  describe("asked for its version", () => {
    const tell = (apiVersion: string): void => {
      answers["GET /version"] = [200, { Version: "x", ApiVersion: apiVersion }];
      answers["GET /info"] = [200, { Name: "node-a" }];
    };

    for (const apiVersion of ["1.41", "1.51", "2.0"]) {
      it(`accepts API ${apiVersion}`, async () => {
        tell(apiVersion);
        assert.deepEqual(await engine.version(signal), {
          version: "x",
          apiVersion,
          node: "node-a",
        });
      });
    }

    for (const apiVersion of ["1.40", "1.9"]) {
      it(`refuses API ${apiVersion} and says what to do`, async () => {
        tell(apiVersion);
        await assert.rejects(engine.version(signal), {
          code: "ENGINE_TOO_OLD",
          message: `expected a Docker Engine with API 1.41 (20.10) or newer, found API ${apiVersion} (x): upgrade the engine`,
        });
      });
    }
  });

  it("lists containers with mesh labels in any letter case, its own, and tasks, stopped ones too", async () => {
    const labels: readonly (Record<string, string> | null)[] = [
      { "mesh.enable": "true" },
      { "Mesh.Enable": "true" },
      { "docker-mesh.role": "sidecar" },
      { "docker-mesh.role": "init" },
      { "com.docker.swarm.service.id": "x2k9" },
      { "docker-mesh.role": "agent" },
      { "docker-mesh.explicit": "sidecar" },
      { "com.example.mesh.enable": "true" },
      { meshed: "true" },
      null,
    ];
    const all = labels.map((Labels, index) => ({ Id: `c${index}`, Labels }));
    answers["GET /containers/json"] = [200, all];
    assert.deepEqual(await engine.list(signal), ["c0", "c1", "c2", "c3", "c4", "c6"]);
    assert.match(asked.join(""), /all=true/);
  });

  describe("asked about a container", () => {
    for (const [what, labels, kind] of [
      ["of the user's", { "mesh.enable": "true" }, "container"],
      ["that an agent made", { "docker-mesh.role": "sidecar" }, "sidecar"],
      ["of a compose file", { "docker-mesh.explicit": "sidecar" }, "sidecar"],
      ["that is a task", { "com.docker.swarm.service.id": "x2k9" }, "container"],
      ["without mesh labels", {}, undefined],
      ["without labels", null, undefined],
    ] as const) {
      it(`${what} says ${kind ?? "nothing"}`, async () => {
        answers["GET /containers/a1/json"] = [200, container(labels)];
        assert.equal((await engine.inspect("a1", signal))?.kind, kind);
      });
    }

    it("that does not exist says nothing", async () => {
      answers["GET /containers/a1/json"] = [404, { message: "No such container: a1" }];
      assert.equal(await engine.inspect("a1", signal), undefined);
    });
  });

  describe("asked about Swarm's services", () => {
    const service = {
      ...{ ID: "s1", Version: { Index: 7 } },
      Spec: { Name: "shop_orders", Labels: { "mesh.enable": "true", other: "x" } },
    };
    const tell = (Swarm: object): void => {
      answers["GET /info"] = [200, { Name: "node-a", Swarm }];
      answers["GET /services"] = [200, [service]];
    };

    it("lists them on a manager", async () => {
      tell({ ControlAvailable: true, Cluster: { ID: "swarm-1" } });
      const labels = { "mesh.enable": "true" };
      assert.deepEqual(await engine.swarmServices(signal), {
        swarm: "swarm-1",
        services: [{ id: "s1", swarm: "swarm-1", name: "shop_orders", version: 7, labels }],
      });
    });

    for (const [where, swarm] of [
      ["on a worker", { LocalNodeState: "active", ControlAvailable: false, Cluster: null }],
      ["without a swarm", { LocalNodeState: "inactive", ControlAvailable: false }],
    ] as const) {
      it(`asks no further ${where}`, async () => {
        tell(swarm);
        assert.equal(await engine.swarmServices(signal), undefined);
        assert.deepEqual(asked, ["GET /info"]);
      });
    }

    it("says why a manager cannot tell", async () => {
      tell({ ControlAvailable: true, Error: "the swarm does not have a leader", Cluster: null });
      await assert.rejects(engine.swarmServices(signal), {
        code: "ENGINE_REFUSED",
        message:
          "expected the swarm of this manager to have a leader, found that the Docker Engine cannot read it (the swarm does not have a leader)",
      });
    });
  });

  for (const status of [204, 404, 409]) {
    it(`takes ${status} for a container that is sent a signal`, async () => {
      answers["POST /containers/a1/kill"] = [status, {}];
      await engine.signal("a1", "SIGINT", signal);
      assert.deepEqual(asked, ["POST /containers/a1/kill?signal=SIGINT"]);
    });
  }

  for (const status of [204, 404, 409]) {
    it(`takes ${status} for a container that is removed`, async () => {
      answers["DELETE /containers/a1"] = [status, {}];
      await engine.remove("a1", signal);
      assert.match(asked.join(""), /force=true/);
    });
  }

  for (const status of [204, 304, 404]) {
    it(`takes ${status} for a container that is stopped, and gives it the time it was told`, async () => {
      answers["POST /containers/a1/stop"] = [status, {}];
      await engine.stop("a1", 65, signal);
      assert.deepEqual(asked, ["POST /containers/a1/stop?t=65"]);
    });
  }

  it("has no last lines of a container that is gone", async () => {
    answers["GET /containers/a1/logs"] = [404, { message: "No such container: a1" }];
    assert.equal(await engine.lastLines("a1", signal), "");
  });

  it("tells why the engine refused", async () => {
    answers["POST /containers/a1/start"] = [500, { message: "cannot join network" }];
    await assert.rejects(engine.start("a1", signal), {
      code: "ENGINE_REFUSED",
      message: "the Docker Engine could not start a1 (cannot join network)",
    });
  });

  it("tells an engine that is away from one that refuses", async () => {
    server.close();
    await rm(join(directory, "docker.sock"), { force: true });
    await assert.rejects(engine.list(signal), {
      code: "ENGINE_UNAVAILABLE",
      message: "the Docker Engine could not list containers",
    });
  });

  it("gives a call up when its signal aborts, though the engine says nothing", async () => {
    const stop = new AbortController();
    const listing = engine.list(stop.signal);
    stop.abort();
    await assert.rejects(listing, { code: "ENGINE_UNAVAILABLE" });
  });

  it("gives the last lines of a container that failed, without what a terminal would obey", async () => {
    const frames = ["Error: \u001b[31mno such table\u0007\n", "grüße".repeat(30)].map((text) => {
      const bytes = Buffer.from(text);
      return Buffer.concat([Buffer.from([2, 0, 0, 0, 0, 0, 0, bytes.length]), bytes]);
    });
    answers["POST /containers/a1/wait"] = [200, { StatusCode: 1 }];
    answers["GET /containers/a1/logs"] = [200, Buffer.concat(frames)];
    assert.deepEqual(await engine.waitForExit("a1", signal), {
      code: 1,
      output: `Error: [31mno such table\n${"grüße".repeat(30)}`,
    });
  });

  it("reads what a sidecar has printed of its token since its start", async () => {
    const bytes = Buffer.from(`{"level":"info"}\n${introductionOf("secret")}`);
    const head = Buffer.from([1, 0, 0, 0, 0, 0, 0, bytes.length]);
    answers["GET /containers/a1/logs"] = [200, Buffer.concat([head, bytes])];
    const digest = await engine.introduction("a1", "2026-03-01T08:00:00.25Z", signal);
    assert.equal(digest, tokenDigest("secret"));
    assert.match(asked.join(""), /since=1772352000\.25&/);
  });

  for (const [what, status, message] of [
    ["that is gone", 404, "No such container: a1"],
    ["whose log driver does not let it", 501, "configured logging driver does not support reading"],
  ] as const) {
    it(`knows no token of a sidecar ${what}`, async () => {
      answers["GET /containers/a1/logs"] = [status, { message }];
      assert.equal(await engine.introduction("a1", "2026-03-01T08:00:00Z", signal), undefined);
    });
  }

  it("takes a container that runs already for started", async () => {
    answers["POST /containers/a1/start"] = [304, ""];
    await engine.start("a1", signal);
  });

  it("reads no logs of a container that succeeded", async () => {
    answers["POST /containers/a1/wait"] = [200, { StatusCode: 0 }];
    assert.deepEqual(await engine.waitForExit("a1", signal), { code: 0, output: "" });
    assert.equal(asked.length, 1);
  });
});
