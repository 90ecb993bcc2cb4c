// Single requests in the logs of sidecars, as `docker logs` shows them.
import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { docker, meshCommand } from "../helpers/docker.ts";
import { eventually } from "../helpers/eventually.ts";
import { Mesh } from "../helpers/mesh.ts";
import { ComposeProject, echoService, sidecarsOf } from "../helpers/project.ts";

const PROJECT = "mesh-test-request-log";
const WEB = `${PROJECT}-web`;
const ORDERS = `${PROJECT}-orders`;

type Line = Readonly<Record<string, unknown>>;

describe("the log of requests", () => {
  let mesh: Mesh;
  let project: ComposeProject;
  before(async () => {
    mesh = await Mesh.start();
    const web = echoService({ "mesh.enable": "true" });
    const orders = echoService({ "mesh.enable": "true", "mesh.logs.requests": "all" });
    project = await ComposeProject.up(PROJECT, { services: { web, orders } });
    await mesh.untilReady({ [WEB]: 1, [ORDERS]: 1 });
  });
  after(async () => {
    await project?.[Symbol.asyncDispose]();
    await mesh?.[Symbol.asyncDispose]();
  });

  /** What the sidecar beside the service's only container has written about requests. */
  const linesOf = async (service: string): Promise<readonly Line[]> => {
    const [container = ""] = await project.containersOf(service);
    const [sidecar = ""] = await sidecarsOf(container);
    const lines = (await docker("logs", sidecar)).split("\n").filter((line) => line !== "");
    return lines.map((line) => JSON.parse(line) as Line).filter(({ log }) => log === "request");
  };

  it("has a line at both ends, with who called whom and what came of it", async () => {
    const { status } = await project.fetch("web", "http://orders:8080/orders/1?token=secret");
    assert.equal(status, 200);
    await eventually(async () => {
      const [sent] = await linesOf("web");
      const [received] = await linesOf("orders");
      assert.deepEqual(
        [sent?.["reporter"], sent?.["service"], sent?.["peer"], sent?.["status"]],
        ["source", WEB, ORDERS, 200],
      );
      assert.deepEqual(
        [received?.["reporter"], received?.["service"], received?.["path"]],
        ["destination", ORDERS, "/orders/1"],
      );
      assert.match(String(received?.["peer"]), new RegExp(`/svc/${WEB}$`));
    });
  });

  it("says why a request was refused, once the policy says so while all runs", async () => {
    await meshCommand("policy", "set", ORDERS, "deny=web", "logs.requests=errors");
    await eventually(async () => {
      assert.equal((await project.fetch("web", "http://orders:8080/")).status, 403);
    });
    await eventually(async () => {
      const refused = (await linesOf("orders")).find(({ code }) => code === "ACCESS_DENIED");
      assert.deepEqual([refused?.["status"], refused?.["reason"]], [403, "deny"]);
    });
  });
});
