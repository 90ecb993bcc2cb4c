import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import fc from "fast-check";
import { describe, it } from "mocha";
import type { MeshError } from "../../../mesh/errors.ts";
import { type Instance, PROTOCOLS } from "../../../mesh/model.ts";
import { fromService, toRegistration } from "../../../registry/consul/registration.ts";
import type { RegisteredService, ServiceDefinition } from "../../../registry/consul/types.ts";
import { fullInstance, instanceOf } from "../instances.ts";

const PLAIN = { noNullPrototype: true };
const TIMES = { timeToLive: 30_000, deregisterAfter: 600_000 };

/** As Consul gives back what it was given. */
function stored(definition: ServiceDefinition): RegisteredService {
  const { ID, Name, Address, Meta } = JSON.parse(JSON.stringify(definition)) as ServiceDefinition;
  // Consul sorts the keys of the metadata.
  const sorted = Object.fromEntries(Object.entries(Meta).sort(([a], [b]) => (a < b ? -1 : 1)));
  return { ID, Service: Name, Address, Meta: sorted };
}

describe("an instance in Consul", () => {
  for (const [name, instance] of [
    ["full", fullInstance("shop-orders", "a")],
    ["small", instanceOf("web", "b")],
  ] as const) {
    it(`is written as test/golden/consul/${name}.json says`, async () => {
      const golden = new URL(`../../golden/consul/${name}.json`, import.meta.url);
      const registration = toRegistration(instance, TIMES, "critical");
      assert.deepEqual(registration, JSON.parse(await readFile(golden, "utf8")));
    });
  }

  it("comes back as it was, whatever stands in it", () => {
    const word = fc.stringMatching(/^[a-z0-9][a-z0-9_.-]{0,20}$/);
    const maybe = fc.option(word, { nil: undefined });
    const port = fc.integer({ min: 1, max: 65_535 });
    // Any character, so that values are cut within and beside those of several bytes.
    const text = fc.string({ unit: "binary", maxLength: 300 });
    const documents = fc.dictionary(fc.string({ maxLength: 30 }), text, { maxKeys: 12, ...PLAIN });
    const instances: fc.Arbitrary<Instance> = fc.record(
      {
        id: word,
        service: word,
        alias: maybe,
        project: maybe,
        version: maybe,
        weight: fc.integer({ min: 1, max: 1000 }),
        policy: documents,
        createdAt: fc.integer({ min: 0, max: 999_999_999_999_999 }),
        node: word,
        containerId: word,
        containerName: fc.string({ maxLength: 100 }),
        ports: fc.array(
          fc.record(
            {
              name: word,
              port,
              protocol: fc.constantFrom(...PROTOCOLS),
              sidecarPort: port,
            },
            PLAIN,
          ),
          { minLength: 1, maxLength: 5 },
        ),
        networks: fc.array(
          fc.record(
            {
              networkId: word,
              networkName: fc.string({ maxLength: 100 }),
              address: fc.ipV4(),
            },
            PLAIN,
          ),
          { minLength: 1, maxLength: 12 },
        ),
      },
      PLAIN,
    );
    fc.assert(
      fc.property(instances, (instance) => {
        const { service } = toRegistration(instance, TIMES, "passing");
        assert.deepEqual(fromService(stored(service)), instance);
      }),
    );
  });

  const { service, sidecar } = toRegistration(instanceOf("web", "b"), TIMES, "passing");
  const broken: readonly (readonly [string, Readonly<Record<string, string>> | null])[] = [
    ["no metadata", null],
    ["no node", { ...service.Meta, "mesh-node": undefined } as never],
    ["no ports", { ...service.Meta, "mesh-ports": "" }],
    ["a port without a sidecar", { ...service.Meta, "mesh-ports": "http:8080/http" }],
    ["an unknown protocol", { ...service.Meta, "mesh-ports": "http:8080/quic:21000" }],
    ["no network", { ...service.Meta, "mesh-network-1": undefined } as never],
    ["half a network", { ...service.Meta, "mesh-network-1": "198.18.0.7" }],
  ];
  for (const [name, meta] of broken) {
    it(`is not made up from ${name}`, () => {
      assert.notEqual(fromService(stored(service)), undefined);
      assert.equal(fromService({ ...stored(service), Meta: meta }), undefined);
    });
  }

  const policy = { "balance.algorithm": "random" };
  const incomplete: readonly (readonly [string, Readonly<Record<string, string>>, object])[] = [
    ["no weight", {}, { weight: 1 }],
    ["a weight of 0", { "mesh-weight": "0" }, { weight: 1 }],
    ["a weight of 1001", { "mesh-weight": "1001" }, { weight: 1 }],
    ["a weight in words", { "mesh-weight": "much" }, { weight: 1 }],
    ["no beginning", {}, { createdAt: 0 }],
    ["a beginning in words", { "mesh-created": "yesterday" }, { createdAt: 0 }],
    ["no policy", {}, { policy: {} }],
    ["a whole policy", { "mesh-policy-1": JSON.stringify(policy) }, { policy }],
    ["half a policy", { "mesh-policy-1": '{"balance.algorithm":' }, { policy: {} }],
    ["a policy without its beginning", { "mesh-policy-2": JSON.stringify(policy) }, { policy: {} }],
    ["a policy that is a list", { "mesh-policy-1": "[]" }, { policy: {} }],
    ["a policy of numbers", { "mesh-policy-1": '{"balance.choices":2}' }, { policy: {} }],
  ];
  for (const [name, changes, expected] of incomplete) {
    it(`counts with ${name}`, () => {
      const meta = { ...service.Meta, ...changes };
      const read = fromService({ ...stored(service), Meta: meta });
      assert.deepEqual(read, { ...instanceOf("web", "b"), ...expected });
    });
  }

  it("is not made up from a sidecar", () => {
    assert.equal(fromService(stored(sidecar)), undefined);
  });

  const large: readonly (readonly [string, Partial<Instance>, RegExp])[] = [
    ["no port", { ports: [] }, /at least one port.*got 0 and 1/],
    [
      "a name of 600 characters",
      { containerName: "x".repeat(600) },
      /600 bytes in mesh-container-name/,
    ],
    [
      "70 networks",
      {
        networks: Array.from({ length: 70 }, (_, index) => ({
          networkId: `n${index}`,
          networkName: "net",
          address: "198.18.0.1",
        })),
      },
      /got 74 values/,
    ],
    [
      "more policy than fits",
      { policy: { "header.request.set": "x".repeat(31_000) } },
      /the labels about policy of web-bbbbbbbbbbbb to fit into 59 values .*, got 61/,
    ],
  ];
  for (const [name, changes, message] of large) {
    it(`is refused with ${name}`, () => {
      assert.throws(
        () => toRegistration(instanceOf("web", "b", changes), TIMES, "critical"),
        (error: MeshError) => error.code === "CATALOG_REFUSED" && message.test(error.message),
      );
    });
  }
});
