import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { Health, NetworkAddress } from "../../../mesh/model.ts";
import {
  buildDirectory,
  correctLocalEntries,
  type Directory,
  type LocalInstance,
  toKnownService,
} from "../../../plugin/sidecars/directory.ts";
import { outboundOf } from "../../../plugin/sidecars/outbound.ts";
import { toInstance } from "../../../plugin/workload/health.ts";
import type { KnownService, Workload } from "../../../plugin/workload/workload.ts";
import type { CatalogEntry } from "../../../registry/catalog.ts";
import { callerSide } from "../../helpers/policies.ts";
import { NODE, onNetwork, workloadOf } from "../../helpers/workloads.ts";

const WEB: Workload = workloadOf("web", "w");
const BACK: NetworkAddress = onNetwork("shop_back", "198.18.5.2");

function entry(workload: Workload, health: Health = "passing", node: string = NODE): CatalogEntry {
  return { instance: toInstance(workload, node), health };
}

function directoryOf(
  entries: readonly CatalogEntry[],
  known: readonly KnownService[] = [],
): Directory {
  return buildDirectory(entries, known);
}

/** What `web` may call, as lines of names and, for each port, endpoints. */
function callable(caller: Workload, directory: Directory): string[] {
  return outboundOf(caller, callerSide(directory)).services.map(({ names, ports }) => {
    const targets = ports.map(
      ({ port, protocol, endpoints }) =>
        `${port}/${protocol} -> ${endpoints.map((to) => `${to.address}:${to.port}`).join(" ") || "nobody"}`,
    );
    return `${names.join(",")} ${targets.join("; ")}`;
  });
}

function problems(caller: Workload, directory: Directory): string[] {
  return outboundOf(caller, callerSide(directory)).problems.map(
    ({ subject, code, message }) => `${subject} ${code} ${message}`,
  );
}

describe("the services that a workload may call", () => {
  it("are all on a network that it shares, each with an address, an identity and endpoints", () => {
    const directory = directoryOf([
      entry(workloadOf("orders", "a")),
      entry(workloadOf("orders", "b", { weight: 10, version: "v2" }), "passing", "node-b"),
    ]);
    const [service] = outboundOf(WEB, callerSide(directory)).services;
    const place = { port: 21000 } as const;
    assert.deepEqual(service, {
      service: "shop-orders",
      names: ["orders", "shop-orders"],
      address: "127.125.44.142",
      uri: "spiffe://mesh.test/ns/default/dc/dc1/svc/shop-orders",
      policy: {},
      ports: [
        {
          port: 8080,
          listenPort: 40848,
          protocol: "http",
          endpoints: [
            {
              ...{ id: "shop-orders-aaaaaaaaaaaa", address: "198.18.0.97", ...place },
              ...{ version: undefined, weight: 1, sameNode: true },
            },
            {
              ...{ id: "shop-orders-bbbbbbbbbbbb", address: "198.18.0.98", ...place },
              ...{ version: "v2", weight: 10, sameNode: false },
            },
          ],
        },
      ],
    });
  });

  for (const [health, called] of [
    ["passing", true],
    ["warning", true],
    ["critical", false],
    ["draining", false],
  ] as const) {
    it(`${called ? "lead" : "do not lead"} to an endpoint that is ${health}`, () => {
      const directory = directoryOf([entry(workloadOf("orders", "a"), health)]);
      assert.deepEqual(callable(WEB, directory), [
        `orders,shop-orders 8080/http -> ${called ? "198.18.0.97:21000" : "nobody"}`,
      ]);
    });
  }

  it("are reached on the network that both share, whichever comes first for either", () => {
    const networks = [BACK, onNetwork("shop_default", "198.18.0.9")];
    const directory = directoryOf([entry(workloadOf("orders", "a", { networks }))]);
    assert.deepEqual(callable(WEB, directory), [
      "orders,shop-orders 8080/http -> 198.18.0.9:21000",
    ]);
  });

  it("have their short name in their own project alone", () => {
    const other = workloadOf("orders", "a", { project: "bank", service: "bank-orders" });
    const directory = directoryOf([entry(other)]);
    assert.deepEqual(callable(WEB, directory), ["bank-orders 8080/http -> 198.18.0.97:21000"]);
    const teller = { ...WEB, project: "bank" };
    assert.deepEqual(callable(teller, directory), [
      "bank-orders,orders 8080/http -> 198.18.0.97:21000",
    ]);
  });

  it("have every short name by which a project knows them", () => {
    const blue = workloadOf("orders-blue", "a", { service: "orders" });
    const green = workloadOf("orders-green", "b", { service: "orders" });
    assert.deepEqual(callable(WEB, directoryOf([entry(blue), entry(green)])), [
      "orders,orders-blue,orders-green 8080/http -> 198.18.0.97:21000 198.18.0.98:21000",
    ]);
  });

  it("have their short name there even where a service elsewhere has it as its full name", () => {
    const stranger = workloadOf("orders", "b", { project: "bank", alias: "o", service: "orders" });
    const directory = directoryOf([entry(workloadOf("orders", "a")), entry(stranger)]);
    assert.deepEqual(callable(WEB, directory), [
      " 8080/http -> 198.18.0.98:21000",
      "orders,shop-orders 8080/http -> 198.18.0.97:21000",
    ]);
    assert.deepEqual(callable({ ...WEB, project: "bank" }, directory), [
      "o,orders 8080/http -> 198.18.0.98:21000",
      "shop-orders 8080/http -> 198.18.0.97:21000",
    ]);
  });

  it("without a project have their full name", () => {
    const plain = workloadOf("orders", "a", { project: undefined, alias: undefined });
    const caller = { ...WEB, project: undefined };
    assert.deepEqual(callable(caller, directoryOf([entry(plain)])), [
      "shop-orders 8080/http -> 198.18.0.97:21000",
    ]);
  });

  it("are called on the ports of all copies, each where it is offered", () => {
    const old = workloadOf("orders", "a");
    const newer = workloadOf("orders", "b", {}, { "mesh.ports": "http:8080,admin:9090/tcp" });
    assert.deepEqual(callable(WEB, directoryOf([entry(old), entry(newer)])), [
      "orders,shop-orders 8080/http -> 198.18.0.97:21000 198.18.0.98:21000; 9090/tcp -> 198.18.0.98:21001",
    ]);
  });

  it("keep their name when nobody runs them, so that nothing slips past the mesh", () => {
    const known = toKnownService(workloadOf("orders", "a"));
    assert.deepEqual(callable(WEB, directoryOf([], [known])), [
      "orders,shop-orders 8080/http -> nobody",
    ]);
  });
});

describe("mesh.upstreams", () => {
  const directory = directoryOf([
    entry(workloadOf("orders", "a")),
    entry(workloadOf("inventory", "b")),
    entry(workloadOf("orders", "c", { project: "bank", service: "bank-orders" })),
  ]);
  const calling = (...upstreams: string[]): string[] =>
    outboundOf({ ...WEB, upstreams }, callerSide(directory)).services.map(({ service }) => service);

  it("lets a workload call only what it names, by short or full name", () => {
    assert.deepEqual(calling("orders"), ["shop-orders"]);
    assert.deepEqual(calling("shop-orders", "bank-orders"), ["bank-orders", "shop-orders"]);
  });

  it("empty lets it call nobody", () => {
    assert.deepEqual(calling(), []);
  });

  it("naming a service that is not known is a problem", () => {
    assert.deepEqual(problems({ ...WEB, upstreams: ["ordres", "orders"] }, directory), [
      'shop-web-1 SERVICE_UNKNOWN label mesh.upstreams: no service named "ordres" is known: start it, or correct the name',
    ]);
  });

  it("naming another project's service by its short name is a problem", () => {
    const caller = { ...WEB, project: "office", upstreams: ["inventory"] };
    assert.equal(problems(caller, directory).length, 1);
    assert.deepEqual(outboundOf(caller, callerSide(directory)).services, []);
  });
});

describe("a service on no shared network", () => {
  const directory = directoryOf([entry(workloadOf("orders", "a", { networks: [BACK] }))]);
  const message =
    "shop-web-1 NETWORK_NOT_SHARED cannot reach service shop-orders: expected a network that both are on, found shop_default here and shop_back there: add a common network to both";

  it("cannot be called, and who is apart from its whole project is told so", () => {
    assert.deepEqual(callable(WEB, directory), []);
    assert.deepEqual(problems(WEB, directory), [
      "shop-web-1 NETWORK_NOT_SHARED shares no network with any other service of project shop: expected one in common, found shop_default: add a network that its callers or callees are on",
    ]);
  });

  it("is no problem where networks keep some services of a project apart on purpose", () => {
    const tiers = directoryOf([
      entry(workloadOf("orders", "a", { networks: [BACK] })),
      entry(workloadOf("cache", "b")),
    ]);
    assert.deepEqual(problems(WEB, tiers), []);
  });

  it("is told to whoever names it, of any project", () => {
    const caller = { ...WEB, project: "bank", upstreams: ["shop-orders"] };
    assert.deepEqual(problems(caller, directory), [message]);
  });

  for (const [who, caller] of [
    ["another project", { ...WEB, project: "bank" }],
    ["who names others", { ...WEB, upstreams: [] }],
  ] as const) {
    it(`is no problem of ${who}`, () => {
      assert.deepEqual(problems(caller, directory), []);
    });
  }

  it("is called where one of its copies shares one", () => {
    const both = directoryOf([
      entry(workloadOf("orders", "a", { networks: [BACK] })),
      entry(workloadOf("orders", "b")),
    ]);
    assert.deepEqual(callable(WEB, both), ["orders,shop-orders 8080/http -> 198.18.0.98:21000"]);
    assert.deepEqual(problems(WEB, both), []);
  });
});

describe("without interception", () => {
  const caller: Workload = { ...workloadOf("web", "w", {}, { "mesh.intercept": "off" }) };

  it("services are listened for on the very port that is dialled", () => {
    const orders = workloadOf("orders", "a", {}, { "mesh.port": "9000" });
    const [service] = outboundOf(caller, callerSide(directoryOf([entry(orders)]))).services;
    assert.deepEqual(
      service?.ports.map(({ port, listenPort }) => [port, listenPort]),
      [[9000, 9000]],
    );
  });

  it("a service on the application's own port goes around the mesh, which is told", () => {
    const directory = directoryOf([entry(workloadOf("orders", "a")), entry(caller)]);
    assert.deepEqual(callable(caller, directory), []);
    assert.deepEqual(problems(caller, directory), [
      "shop-web-1 PORT_IN_USE calls to shop-orders go around the mesh: for its port 8080 the mesh would listen on 8080, which is in use by this container itself: remove mesh.intercept=off, or use different ports",
    ]);
  });
});

describe("an application on a port from 32768 up", () => {
  const caller = workloadOf("web", "w", {}, { "mesh.port": "40848" });

  it("keeps it: neither its own service nor one whose port is moved there is listened for", () => {
    const directory = directoryOf([
      entry(caller),
      entry(workloadOf("orders", "a")),
      entry(workloadOf("redis", "b", {}, { "mesh.port": "6379" })),
    ]);
    assert.deepEqual(callable(caller, directory), [
      "redis,shop-redis 6379/http -> 198.18.0.98:21000",
    ]);
    assert.deepEqual(problems(caller, directory), [
      "shop-web-1 PORT_IN_USE calls to shop-orders go around the mesh: for its port 8080 the mesh would listen on 40848, which is in use by this container itself: let the application listen on a port below 32768",
    ]);
  });

  it("is called there by others", () => {
    const directory = directoryOf([entry(caller)]);
    assert.deepEqual(callable(workloadOf("orders", "a"), directory), [
      "shop-web,web 40848/http -> 198.18.0.119:21000",
    ]);
  });
});

describe("clashes within a service", () => {
  it("of protocols: the first copy is right and the other one is told", () => {
    const http = workloadOf("orders", "a");
    const tcp = workloadOf(
      "orders",
      "b",
      { containerName: "shop-orders-2" },
      { "mesh.protocol": "tcp" },
    );
    const directory = directoryOf([entry(http), entry(tcp)]);
    assert.deepEqual(
      directory.services.map(({ ports }) => ports.map(({ protocol }) => protocol)),
      [["http"]],
    );
    assert.deepEqual(directory.problems, [
      {
        subject: "shop-orders-2",
        code: "LABEL_CONFLICT",
        message:
          "port 8080 of service shop-orders is tcp here and http in another container: give them the same mesh.protocol or another mesh.service",
      },
    ]);
  });

  it("of ports that would share a listener: the lower one is called and the other one is told", () => {
    const orders = workloadOf("orders", "a", {}, { "mesh.ports": "low:80,high:32848,plain:9090" });
    const directory = directoryOf([entry(orders)]);
    const [service] = outboundOf(WEB, callerSide(directory)).services;
    assert.deepEqual(
      service?.ports.map(({ port }) => port),
      [80, 9090],
    );
    assert.deepEqual(
      directory.problems.map(({ subject, code, message }) => `${subject} ${code} ${message}`),
      [
        "shop-orders LABEL_CONFLICT ports 80 and 32848 of service shop-orders differ by 32768, which the mesh needs to tell them apart: 32848 cannot be called, let the application listen elsewhere",
      ],
    );
  });
});

describe("what this node knows better than the catalog", () => {
  const orders = workloadOf("orders", "a");
  const instance = toInstance(orders, NODE);
  const remote = entry(workloadOf("orders", "b"), "passing", "node-b");
  const correct = (
    entries: readonly CatalogEntry[],
    workloads: readonly LocalInstance[],
    reachable = true,
    undecided: ReadonlySet<string> = new Set(),
  ): CatalogEntry[] =>
    correctLocalEntries(entries, { node: NODE, workloads, undecided }, reachable);
  const healths = (entries: readonly CatalogEntry[]): string[] =>
    entries.map(({ instance: { id }, health }) => `${id} ${health}`);

  for (const [local, catalog, expected] of [
    ["draining", "passing", "draining"],
    ["critical", "passing", "critical"],
    ["passing", "critical", "passing"],
    ["starting", "passing", "critical"],
    ["unknown", "passing", "passing"],
    ["unknown", "critical", "critical"],
  ] as const) {
    it(`a workload that is ${local} here and ${catalog} there is ${expected}`, () => {
      const entries = [{ instance, health: catalog }];
      const corrected = correct(entries, [{ instance, health: local }]);
      assert.deepEqual(healths(corrected), [`shop-orders-aaaaaaaaaaaa ${expected}`]);
    });
  }

  it("a workload that is gone here is gone, whatever the catalog still says", () => {
    const corrected = correct([{ instance, health: "passing" }, remote], []);
    assert.deepEqual(healths(corrected), ["shop-orders-bbbbbbbbbbbb passing"]);
  });

  it("a workload whose labels are not known yet is what the catalog says", () => {
    const entries: CatalogEntry[] = [{ instance, health: "passing" }];
    const corrected = correct(entries, [], true, new Set([instance.containerId]));
    assert.deepEqual(healths(corrected), ["shop-orders-aaaaaaaaaaaa passing"]);
  });

  it("a workload is where it is now, not where the catalog last heard of it", () => {
    const moved = { ...instance, networks: [BACK] };
    const entries: CatalogEntry[] = [{ instance, health: "passing" }];
    const [corrected] = correct(entries, [{ instance: moved, health: "passing" }]);
    assert.deepEqual(corrected?.instance.networks, [BACK]);
  });

  it("of other nodes it knows nothing better", () => {
    const local = [{ instance: { ...remote.instance, node: NODE }, health: "critical" as const }];
    assert.deepEqual(correct([remote], local), [remote]);
  });

  for (const [reachable, health, heard] of [
    [true, "passing", false],
    [false, "passing", true],
    [false, "critical", false],
    [false, "unknown", false],
  ] as const) {
    it(`a ${health} workload that the catalog lacks ${heard ? "counts" : "does not count"} while the catalog is ${reachable ? "there" : "away"}`, () => {
      const corrected = correct([remote], [{ instance, health }], reachable);
      assert.deepEqual(healths(corrected), [
        ...(heard ? ["shop-orders-aaaaaaaaaaaa passing"] : []),
        "shop-orders-bbbbbbbbbbbb passing",
      ]);
    });
  }
});
