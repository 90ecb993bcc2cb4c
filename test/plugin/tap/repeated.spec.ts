import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { localityOf } from "../../../plugin/tap/locality.ts";
import { isRepeated } from "../../../plugin/tap/repeated.ts";
import { toInstance } from "../../../plugin/workload/health.ts";
import type { CatalogEntry } from "../../../registry/catalog.ts";
import { callOfWeb, observedRequest } from "../../helpers/observed.ts";
import { NODE, workloadOf } from "../../helpers/workloads.ts";

function copyOf(service: string, letter: string, node: string): CatalogEntry {
  return { instance: toInstance(workloadOf(service, letter), node), health: "passing" };
}

const TRIES = [{ endpoint: "x", endedAfter: 1, outcome: "503" }];

/** Which of the two reports of a request are shown; `undefined`: no sidecar of this node tells it. */
function shown(
  webNodes: readonly string[],
  ordersNode: string,
  changes: Parameters<typeof callOfWeb>[0] = {},
): readonly string[] {
  const orders = copyOf("orders", "a", ordersNode);
  const services = [
    { service: "shop-orders", entries: [orders, copyOf("orders", "c", "node-c")] },
    {
      service: "shop-web",
      entries: webNodes.map((node, at) => copyOf("web", "bd"[at] ?? "", node)),
    },
  ];
  const locality = localityOf(NODE, () => services);
  const endpoint = orders.instance.id;
  const source = { ...callOfWeb({ endpoint, ...changes }), source: "shop-web" };
  const destination = { ...observedRequest(changes), endpoint: "", source: "shop-web", tries: [] };
  const heard = [
    ...(webNodes.includes(NODE) ? [source] : []),
    ...(ordersNode === NODE && source.endpoint !== "" ? [destination] : []),
  ];
  return heard.filter((told) => !isRepeated(told, locality)).map(({ reporter }) => reporter);
}

describe("a request that is to be seen once", () => {
  const denied = { status: 403, failure: "ACCESS_DENIED" } as const;
  const lost = { status: 503, failure: "NO_HEALTHY_ENDPOINT", endpoint: "" } as const;
  for (const [what, webNodes, ordersNode, changes, expected] of [
    ["within the node", [NODE], NODE, {}, ["source"]],
    ["within the node, tried again", [NODE], NODE, { tries: TRIES }, ["source"]],
    ["within the node, denied", [NODE], NODE, denied, ["destination"]],
    ["within the node, that arrived nowhere", [NODE], NODE, lost, ["source"]],
    ["to another node", [NODE], "node-b", {}, ["source"]],
    ["to another node, denied", [NODE], "node-b", denied, ["source"]],
    ["from another node", ["node-b"], NODE, {}, ["destination"]],
    ["of a caller with copies on two nodes", [NODE, "node-b"], NODE, {}, ["destination"]],
    ["of such a caller, denied", [NODE, "node-b"], NODE, denied, ["destination"]],
    ["of such a caller, that arrived nowhere", [NODE, "node-b"], NODE, lost, ["source"]],
    ["of such a caller to another node", [NODE, "node-b"], "node-b", {}, ["source"]],
  ] as const) {
    it(`is seen at its ${expected.join()} ${what}`, () => {
      assert.deepEqual(shown(webNodes, ordersNode, changes), expected);
    });
  }

  it("is seen as the callee saw it when it comes from outside, or from nobody who is known", () => {
    const locality = localityOf(NODE, () => []);
    for (const source of ["", "shop-job"])
      assert.equal(isRepeated({ ...observedRequest(), source }, locality), false);
  });
});
