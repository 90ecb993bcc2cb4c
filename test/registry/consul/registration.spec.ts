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
    const instances: fc.Arbitrary<Instance> = fc.record(
      {
        id: word,
        service: word,
        alias: maybe,
        project: maybe,
        version: maybe,
        weight: fc.constant(1),
        policy: fc.constant({}),
        startedAt: fc.constant(0),
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
