import assert from "node:assert/strict";
import { afterEach, describe, it } from "mocha";
import { MeshError } from "../../../mesh/errors.ts";
import { createLog } from "../../../mesh/log.ts";
import { type ApiSources, createApi } from "../../../plugin/api/api.ts";
import { type ServedApp, serveApp } from "../../helpers/served-app.ts";
import { exampleStatus } from "../commands/example-status.ts";
import { apiSources } from "./sources.ts";

describe("the agent's API", () => {
  let server: ServedApp | undefined;

  afterEach(async () => {
    await server?.[Symbol.asyncDispose]();
    server = undefined;
  });

  async function ask(
    path: string,
    sources: Partial<ApiSources> = {},
    init: RequestInit = {},
  ): Promise<Response> {
    server = await serveApp(createApi(apiSources(sources)));
    return await fetch(`${server.origin}${path}`, init);
  }

  async function answer(response: Response): Promise<[number, unknown]> {
    return [response.status, await response.json()];
  }

  it("says that it is healthy", async () => {
    assert.deepEqual(await answer(await ask("/v1/health")), [200, { healthy: true }]);
  });

  it("answers 503 when the agent is not healthy", async () => {
    const response = await ask("/v1/health", { healthy: () => false });
    assert.deepEqual(await answer(response), [503, { healthy: false }]);
  });

  it("shows the status as it is", async () => {
    const response = await ask("/v1/status");
    assert.deepEqual(await answer(response), [200, JSON.parse(JSON.stringify(exampleStatus))]);
    assert.equal(response.headers.get("cache-control"), "no-store");
    assert.equal(response.headers.get("x-powered-by"), null);
  });

  it("shows metrics in Prometheus' format", async () => {
    const samples = [{ labels: { node: "a" }, value: 1 }];
    const family = { name: "mesh_example", help: "An example.", type: "gauge", samples } as const;
    const response = await ask("/metrics", { metrics: () => [family] });
    assert.equal(response.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    assert.equal(
      await response.text(),
      '# HELP mesh_example An example.\n# TYPE mesh_example gauge\nmesh_example{node="a"} 1\n',
    );
  });

  it("shows the plan as plain text", async () => {
    const response = await ask("/v1/plan");
    assert.equal(response.headers.get("content-type"), "text/plain; charset=utf-8");
    assert.equal(await response.text(), "nothing to do\n");
  });

  it("lets all workloads leave, and tells what is still left of the mesh", async () => {
    let asked = 0;
    const leave = (): { attached: number; due: number } => {
      asked += 1;
      return { attached: 2, due: 3 };
    };
    const response = await ask("/v1/leave", { leave }, { method: "POST" });
    assert.deepEqual(await answer(response), [200, { attached: 2, due: 3 }]);
    const looked = await fetch(`${server?.origin}/v1/leave`);
    assert.deepEqual([looked.status, looked.headers.get("allow")], [405, "POST"]);
    assert.equal(asked, 1);
  });

  it("lists the certificates of the node's workloads", async () => {
    const certificate = { service: "shop-web", container: "shop-web-1", serial: "0a" };
    const response = await ask("/v1/certificates", { certificates: () => [certificate] });
    assert.deepEqual(await answer(response), [200, { certificates: [certificate] }]);
  });

  it("lists intentions, and what holds without one", async () => {
    const everybody = { source: "*", destination: "*", action: "allow" };
    assert.deepEqual(await answer(await ask("/v1/intentions")), [
      200,
      { intentions: [{ ...everybody, precedence: 0, permissions: [] }], left: 0, problems: [] },
    ]);
  });

  for (const path of ["/", "/v1", "/v1/status/", "/V1/status", "/v1/%ff", "/v1/status%00"]) {
    it(`answers 404 to ${path}`, async () => {
      const [status, body] = await answer(await ask(path));
      assert.equal(status, 404);
      assert.equal((body as { error: { code: string } }).error.code, "NOT_FOUND");
    });
  }

  for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"]) {
    it(`answers 405 to ${method}`, async () => {
      const response = await ask("/v1/status", {}, { method });
      assert.deepEqual(await answer(response), [
        405,
        { error: { code: "METHOD_NOT_ALLOWED", message: `expected GET, got ${method}` } },
      ]);
      assert.equal(response.headers.get("allow"), "GET, HEAD");
    });
  }

  it("gives an error of the mesh its own status and code", async () => {
    const status = (): never => {
      throw new MeshError("CATALOG_UNAVAILABLE", "consul does not answer");
    };
    assert.deepEqual(await answer(await ask("/v1/status", { status })), [
      503,
      { error: { code: "CATALOG_UNAVAILABLE", message: "consul does not answer" } },
    ]);
  });

  it("keeps the text of a defect inside, in the log", async () => {
    const lines: string[] = [];
    const status = (): never => {
      throw new TypeError("secret detail");
    };
    const log = createLog("error", (line) => lines.push(line));
    const [code, body] = await answer(await ask("/v1/status", { status, log }));
    assert.equal(code, 500);
    assert.ok(!JSON.stringify(body).includes("secret detail"));
    assert.match(lines.join(""), /secret detail/);
  });
});
