// All that agent and sidecar say to each other, as this version says it: written by the agent's own code, and told by sidecars of
// whom one has called the other. Recordings of it are what later versions are held against.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { buildSnapshot } from "../../plugin/sidecars/snapshot.ts";
import { changeLine, wholeLine } from "../../plugin/sidecars/snapshot-lines.ts";
import { introductionOf } from "../../proxy/configuration/introduction.ts";
import type { OutboundService } from "../../proxy/configuration/snapshot.ts";
import { eventually } from "./eventually.ts";
import { freePort } from "./free-port.ts";
import { call } from "./http-call.ts";
import { BUNDLE, leafOf } from "./leaves.ts";
import { endpoint } from "./plans.ts";
import { connectPair, SidecarRig } from "./sidecar-rig.ts";
import { workloadOf } from "./workloads.ts";

/** By name; each as it goes over the socket, without the end of its line. */
export interface Messages {
  readonly whole: string;
  readonly change: string;
  /** What several reports say together: none says everything. */
  readonly report: string;
  readonly observed: string;
  readonly introduction: string;
}

export const MESSAGE_NAMES: readonly (keyof Messages)[] = [
  "whole",
  "change",
  "report",
  "observed",
  "introduction",
];

/** The file of a message, as a recording of that contract has it. */
export function recordingOf(contract: number, name: keyof Messages): URL {
  return new URL(`../golden/contract/${contract}/${name}.json`, import.meta.url);
}

export function readRecording(contract: number, name: keyof Messages): string {
  return readFileSync(recordingOf(contract, name), "utf8").trimEnd();
}

export async function recordMessages(): Promise<Messages> {
  const told = await tellOfCalls();
  return { ...writtenSnapshots(), ...told, introduction: introductionOf("a token").trimEnd() };
}

const REDIS: OutboundService = {
  ...{ service: "shop-redis", names: ["redis", "shop-redis"], address: "127.64.0.2" },
  uri: "spiffe://mesh.test/ns/default/dc/dc1/svc/shop-redis",
  policy: { "balance.algorithm": "random" },
  ports: [{ port: 6379, listenPort: 39_147, protocol: "tcp", endpoints: [] }],
};

function called(address: string): OutboundService {
  const endpoint = { id: "shop-stock-a", address, port: 21_000, version: "v2", weight: 1 };
  return {
    ...{ service: "shop-stock", names: ["stock", "shop-stock"], address: "127.64.0.1" },
    uri: "spiffe://mesh.test/ns/default/dc/dc1/svc/shop-stock",
    policy: { "retries.max": "2", "timeout.request": "15s" },
    ports: [
      ...[{ port: 80, listenPort: 32_848, protocol: "http" } as const].map((port) => ({
        ...port,
        endpoints: [{ ...endpoint, sameNode: false }],
      })),
    ],
  };
}

function writtenSnapshots(): Pick<Messages, "whole" | "change"> {
  const match = { "path-prefix": "/orders" };
  const permissions = [{ action: "allow", match }] as const;
  const parts = {
    workload: workloadOf("orders", "a", {}, { "mesh.check": "/health" }),
    ...{ leaf: leafOf("shop-orders"), bundle: BUNDLE, draining: false, jwks: '{"keys":[]}' },
    policy: { "access.allow": "shop-web" },
    intentions: {
      ...{ defaultAction: "deny" as const },
      list: [
        { source: "shop-web", action: undefined, permissions },
        { source: "*", action: "deny" as const, permissions: [] },
      ],
    },
    observation: { traces: true, tap: false },
  };
  const before = buildSnapshot({ ...parts, outbound: [called("198.18.0.2"), REDIS] });
  const now = buildSnapshot({ ...parts, draining: true, outbound: [called("198.18.0.3")] });
  return { whole: wholeLine(before).trimEnd(), change: changeLine(before, now).trimEnd() };
}

const OBSERVED = { observation: { traces: true, tap: true } } as const;

async function tellOfCalls(): Promise<Pick<Messages, "report" | "observed">> {
  await using rig = await SidecarRig.create();
  const application = await rig.httpApplication((_, response) => response.end("here"));
  const { caller, callee, outbound, at } = await connectPair(rig, application);
  const policy = { "traces.share": "100" };
  const absent = await freePort("127.0.0.1");
  await callee.configure({ ...OBSERVED, policy });
  await caller.configure({ ...OBSERVED, outbound: [{ ...withAbsent(outbound, absent), policy }] });
  return await eventually(async () => {
    const { status } = await call({ ...at, path: "/orders/1" });
    assert.equal(status, 200);
    const reports = [...caller.agent.reports, ...callee.agent.reports];
    const report = Object.assign({}, ...reports.map(withoutEmpty)) as object;
    const requests = caller.agent.observed.flatMap((batch) => batch.requests);
    // Not all of them: how many it takes is chance, and a batch has a limit.
    const retried = requests.find(({ trace, tries }) => trace !== undefined && tries.length > 0);
    assert.ok(retried);
    const observed = { ...caller.agent.observed[0], requests: [...requests.slice(0, 1), retried] };
    for (const field of ["traffic", "calls", "endpoints"]) assert.ok(field in report, field);
    return { report: JSON.stringify(report), observed: JSON.stringify(observed) };
  });
}

/** One more endpoint, where nobody listens: calls of it are tried again, which is told. */
function withAbsent(outbound: OutboundService, port: number): OutboundService {
  const more = endpoint({ id: "shop-orders-absent", address: "127.0.0.1", port });
  const ports = outbound.ports.map((each) => ({ ...each, endpoints: [...each.endpoints, more] }));
  return { ...outbound, ports };
}

/** Without lists that say nothing, where others say more. */
function withoutEmpty(report: object): object {
  const fields = Object.entries(report).filter(
    ([name, value]) => name === "problems" || !(Array.isArray(value) && value.length === 0),
  );
  return Object.fromEntries(fields);
}
