import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { GatewayPolicy } from "../../../mesh/policy/policy.ts";
import { type Claims, claimsOf } from "../../../plugin/gateway/claims.ts";
import {
  type CertificateLookup,
  type GatewaySection,
  gatewaySection,
} from "../../../plugin/gateway/gateway-section.ts";

const WEB = { name: "http", port: 8080, protocol: "http" } as const;
const DATA = { name: "data", port: 7000, protocol: "tcp" } as const;
const CALLS = { name: "calls", port: 9000, protocol: "grpc" } as const;

type Said = Partial<GatewayPolicy> & {
  readonly ports?: readonly (typeof WEB | typeof DATA | typeof CALLS)[];
};

/** Of services that say this. */
function claims(said: Readonly<Record<string, Said>>): Claims {
  const services = Object.entries(said).map(([service, { ports = [WEB] }]) => ({ service, ports }));
  return claimsOf(services, (service) => ({
    ...{ hosts: [], path: "/", tls: "off", port: undefined },
    ...said[service],
  }));
}

function targets({ claims: all }: Claims): string[] {
  return all.map(({ host, path, service, port }) => `${host}${path} ${service}:${port}`);
}

describe("what services claim of gateways", () => {
  it("is each of their hosts with their path, at the first port that speaks HTTP", () => {
    const found = claims({
      web: { hosts: ["shop.example", "*.shop.example"] },
      api: { hosts: ["shop.example"], path: "/api/", ports: [DATA, CALLS, WEB] },
      quiet: {},
    });
    assert.deepEqual(targets(found), [
      "*.shop.example/ web:8080",
      "shop.example/ web:8080",
      "shop.example/api api:9000",
    ]);
    assert.deepEqual(found.problems, []);
  });

  it("is at the port that they name", () => {
    const found = claims({ api: { hosts: ["a.example"], port: 8080, ports: [CALLS, WEB] } });
    assert.deepEqual(targets(found), ["a.example/ api:8080"]);
  });

  it("is a problem where they have no such port, or none that speaks HTTP", () => {
    const found = claims({
      api: { hosts: ["a.example"], port: 7000, ports: [CALLS, DATA] },
      redis: { hosts: ["r.example"], ports: [DATA] },
    });
    assert.deepEqual(targets(found), []);
    assert.deepEqual(
      found.problems.map(({ subject, code, message }) => `${code} ${subject} ${message}`),
      [
        "GATEWAY_PROBLEM api cannot be published by a gateway: expected a port 7000 that speaks HTTP, found 9000/grpc, 7000/tcp: correct mesh.gateway.port",
        "GATEWAY_PROBLEM redis cannot be published by a gateway: expected a port that speaks HTTP, found 7000/tcp: say its protocol, or remove mesh.gateway.host",
      ],
    );
  });

  it("is a problem where two claim the same, however they write it", () => {
    const { problems } = claims({
      web: { hosts: ["shop.example"], path: "/api" },
      copy: { hosts: ["shop.example"], path: "/api/" },
      other: { hosts: ["shop.example"] },
    });
    assert.deepEqual(problems, [
      {
        subject: "shop.example/api",
        code: "HOST_CONFLICT",
        message:
          "is claimed by copy and web, and leads to none of them: expected one service for each host and path: change mesh.gateway.host or mesh.gateway.path of the others",
      },
    ]);
  });
});

const PORTS = { http: 80, https: 443 };

function section(
  said: Readonly<Record<string, Said>>,
  certificateOf: CertificateLookup = (name, host) => ({
    ...{ certificateChain: `${name} for ${host}`, privateKey: "key" },
  }),
  ports: { readonly http: number | undefined; readonly https: number | undefined } = PORTS,
): GatewaySection {
  return gatewaySection(
    "gateway-1",
    { ports, trustedProxies: [] },
    claims(said).claims,
    certificateOf,
  );
}

describe("what a gateway is told", () => {
  it("is where each host and path leads, and whether to HTTPS first", () => {
    const { gateway, problems } = section({
      web: { hosts: ["shop.example"] },
      api: { hosts: ["shop.example"], path: "/api", tls: "self-made" },
    });
    assert.deepEqual(gateway?.publications, [
      {
        ...{ host: "shop.example", path: "/", redirects: false },
        target: { service: "web", port: 8080 },
      },
      {
        ...{ host: "shop.example", path: "/api", redirects: true },
        target: { service: "api", port: 8080 },
      },
    ]);
    assert.deepEqual(gateway.certificates, [
      {
        hosts: ["shop.example"],
        certificateChain: "self-made for shop.example",
        privateKey: "key",
      },
    ]);
    assert.deepEqual(problems, []);
  });

  it("is that nobody has what several claim, and no shorter path takes it over", () => {
    const { gateway } = section({
      web: { hosts: ["shop.example"] },
      api: { hosts: ["shop.example"], path: "/api" },
      copy: { hosts: ["shop.example"], path: "/api" },
    });
    assert.deepEqual(
      gateway?.publications.map(({ path, target }) => [path, target?.service]),
      [
        ["/", "web"],
        ["/api", undefined],
      ],
    );
  });

  it("is nothing while a certificate is on its way", () => {
    assert.equal(
      section({ web: { hosts: ["a.b"], tls: "own" } }, () => "pending").gateway,
      undefined,
    );
  });

  it("leaves out a certificate that nobody has given, and says whose it is", () => {
    const said = {
      web: { hosts: ["a.example"], tls: "lost" },
      api: { hosts: ["b.example"], tls: "own" },
    };
    const { gateway, problems } = section(said, (name) =>
      name === "lost" ? "missing" : { certificateChain: name, privateKey: "key" },
    );
    assert.deepEqual(
      gateway?.certificates.flatMap(({ hosts }) => hosts),
      ["b.example"],
    );
    assert.match(
      problems[0]?.message ?? "",
      /^cannot be reached by https: expected a certificate named "lost", as mesh\.gateway\.tls of web says/,
    );
    assert.equal(gateway?.publications[0]?.redirects, true, "it does not become plain HTTP");
  });

  it("takes one certificate for a host, a given one first, and says so", () => {
    const { gateway, problems } = section({
      web: { hosts: ["a.example"], tls: "self-made" },
      api: { hosts: ["a.example"], path: "/api", tls: "own" },
    });
    assert.equal(gateway?.certificates[0]?.certificateChain, "own for a.example");
    assert.match(problems[0]?.message ?? "", /found web: self-made, api: own: own is taken$/);
  });

  it("publishes nothing in the clear that wants HTTPS, which it does not have", () => {
    const said = { web: { hosts: ["a.example"], tls: "self-made" }, api: { hosts: ["b.example"] } };
    const { gateway, problems } = section(said, undefined, { http: 80, https: undefined });
    assert.deepEqual(
      gateway?.publications.map(({ host }) => host),
      ["b.example"],
    );
    assert.match(
      problems[0]?.message ?? "",
      /expected mesh\.gateway of gateway-1 to name a port for https/,
    );
  });
});
