// What an agent writes on a sidecar's stream: after any history the sidecar has what the agent has, and little was sent for it.

import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { seededRandom } from "../../../mesh/seeded-random.ts";
import { buildSnapshot } from "../../../plugin/sidecars/snapshot.ts";
import { changeLine, digestOf, wholeLine } from "../../../plugin/sidecars/snapshot-lines.ts";
import { parseSnapshot, snapshotFrom } from "../../../proxy/configuration/parse-snapshot.ts";
import type {
  OutboundService,
  Snapshot,
  SnapshotChange,
} from "../../../proxy/configuration/snapshot.ts";
import { SnapshotAssembly } from "../../../proxy/configuration/snapshot-changes.ts";
import { BUNDLE, leafOf } from "../../helpers/leaves.ts";
import { endpoint, NO_POLICY } from "../../helpers/plans.ts";
import { workloadOf } from "../../helpers/workloads.ts";

const WORKLOAD = workloadOf("web", "a");

function callee(number: number, copies: number): OutboundService {
  const service = `service-${number}`;
  const endpoints = Array.from({ length: copies }, (_, copy) =>
    endpoint({ id: `${service}-${copy}`, address: `198.18.${number}.${copy}`, port: 21_000 }),
  );
  return {
    ...{ service, names: [service], address: `127.64.0.${number}`, policy: {} },
    uri: `spiffe://mesh.test/ns/default/dc/dc1/svc/${service}`,
    ports: [{ port: 80, listenPort: 32_848, protocol: "http", endpoints }],
  };
}

interface Parts {
  readonly outbound?: readonly OutboundService[];
  readonly draining?: boolean;
  readonly jwks?: string | undefined;
  readonly leaf?: string;
}

function snapshotOf({ outbound = [], draining = false, jwks, leaf = "leaf" }: Parts): Snapshot {
  return buildSnapshot({
    ...{ workload: WORKLOAD, bundle: BUNDLE, outbound, draining, ...NO_POLICY, jwks },
    leaf: { ...leafOf("shop-web"), certificateChain: leaf },
  });
}

describe("the line of a whole snapshot", () => {
  for (const outbound of [[], [callee(1, 1)], [callee(1, 1), callee(2, 3)]]) {
    it(`is its JSON, with ${outbound.length} services`, () => {
      const snapshot = snapshotOf({ outbound });
      assert.deepEqual(parseSnapshot(wholeLine(snapshot)), snapshot);
      assert.match(wholeLine(snapshot), /^[^\n]*\n$/);
    });
  }
});

describe("the line of a change", () => {
  const [a, b, c] = [callee(1, 1), callee(2, 2), callee(3, 3)];
  const before = { outbound: [a, b], jwks: "keys" };
  for (const [what, now, expected] of [
    ["nothing", {}, { fields: [], changed: [] }],
    ["a service that is equal", { outbound: [a, callee(2, 2)] }, { fields: [], changed: [] }],
    ["a service", { outbound: [a, callee(2, 1)] }, { fields: [], changed: ["service-2"] }],
    [
      "a service that came",
      { outbound: [a, b, c] },
      {
        fields: [],
        changed: ["service-3"],
        services: ["service-1", "service-2", "service-3"],
      },
    ],
    [
      "a service that went",
      { outbound: [b] },
      { fields: [], changed: [], services: ["service-2"] },
    ],
    ["the certificate", { leaf: "next" }, { fields: ["certificates"], changed: [] }],
    [
      "draining and keys",
      { draining: true, jwks: "next" },
      { fields: ["jwks", "draining"], changed: [] },
    ],
    ["keys that are gone, which is whole", { jwks: undefined }, "whole"],
  ] as const) {
    it(`of ${what} holds that and no more`, () => {
      const [from, to] = [snapshotOf(before), snapshotOf({ ...before, ...now })];
      const line = JSON.parse(changeLine(from, to)) as SnapshotChange | Snapshot;
      if (!("base" in line)) {
        assert.equal(expected, "whole");
        assert.deepEqual(parseSnapshot(JSON.stringify(line)), to);
        return;
      }
      const { base, version, fields, changed, ...rest } = line;
      assert.deepEqual([base, version], [from.version, to.version]);
      const told = { fields: Object.keys(fields), changed: changed.map(({ service }) => service) };
      assert.deepEqual({ ...told, ...rest }, expected);
    });
  }

  it("leaves the sidecar the services as they were of which it does not tell", () => {
    const assembly = new SnapshotAssembly();
    const [from, to] = [snapshotOf({ outbound: [a, b] }), snapshotOf({ outbound: [a, c] })];
    const first = snapshotFrom(assembly.take(wholeLine(from)));
    const second = snapshotFrom(assembly.take(changeLine(from, to)));
    assert.equal(second.outbound[0], first.outbound[0]);
    assert.deepEqual(second, to);
  });

  it("makes the agent's snapshot at the sidecar, whatever came before and whatever was skipped", () => {
    const random = seededRandom(7);
    const pick = (most: number): number => Math.floor(random() * most);
    const assembly = new SnapshotAssembly();
    let sent: Snapshot | undefined;
    for (let round = 0; round < 300; round += 1) {
      const numbers = [1, 2, 3, 4, 5, 6].filter(() => random() < 0.6);
      const now = snapshotOf({
        outbound: numbers.map((number) => callee(number, pick(3))),
        draining: random() < 0.5,
        jwks: ["keys", "others", undefined][pick(3)],
        leaf: `leaf ${pick(3)}`,
      });
      // A sidecar that reads slowly is sent the newest only.
      if (random() < 0.3) continue;
      const line = sent === undefined ? wholeLine(now) : changeLine(sent, now);
      assert.deepEqual(snapshotFrom(assembly.take(line)), now);
      sent = now;
    }
  });
});

describe("a service's digest", () => {
  it("tells services apart", () => {
    assert.equal(digestOf(callee(1, 1)), digestOf(callee(1, 1)));
    assert.notEqual(digestOf(callee(1, 2)), digestOf(callee(1, 1)));
  });

  it("counts for the version of a snapshot, as does the order of services", () => {
    const [a, b] = [callee(1, 1), callee(2, 1)];
    const versions = [[a, b], [b, a], [a], [a, callee(2, 2)]].map(
      (outbound) => snapshotOf({ outbound }).version,
    );
    assert.equal(new Set(versions).size, versions.length);
    assert.equal(snapshotOf({ outbound: [callee(1, 1), b] }).version, versions[0]);
  });
});
