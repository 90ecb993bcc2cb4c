// Authorities and leaf certificates for tests: real ones, P-256 and SHA-256, made in the test run.
import { randomUUID } from "node:crypto";
import { generate } from "selfsigned";
import { formatIdentity } from "../../mesh/identity.ts";
import type { Certificates } from "../../proxy/configuration/snapshot.ts";

export const TRUST_DOMAIN = "test.consul";

const DAY = 86_400_000;

/** The SPIFFE id of a service in tests. */
export function uriOf(service: string, trustDomain: string = TRUST_DOMAIN): string {
  return formatIdentity({ trustDomain, datacenter: "dc1", service });
}

export interface AlternativeName {
  /** 1 mail, 2 DNS, 6 URI. */
  readonly type: 1 | 2 | 6;
  readonly value: string;
}

export interface IssuedLeaf {
  readonly certificate: string;
  readonly privateKey: string;
}

/** A root of its own; what one authority issues another does not accept. */
export class TestAuthority {
  readonly root: string;
  readonly #key: string;

  private constructor(root: string, key: string) {
    this.root = root;
    this.#key = key;
  }

  static async create(trustDomain: string = TRUST_DOMAIN): Promise<TestAuthority> {
    // Roots without key identifiers are told apart by their names alone.
    const name = `root ${randomUUID()} of ${trustDomain}`;
    const pems = await generate([{ name: "commonName", value: name }], {
      ...{ keyType: "ec", curve: "P-256", algorithm: "sha256" },
      notAfterDate: new Date(Date.now() + DAY),
      extensions: [
        { name: "basicConstraints", cA: true, critical: true },
        { name: "keyUsage", keyCertSign: true, cRLSign: true, critical: true },
      ],
    });
    return new TestAuthority(`${pems.cert.trim()}\n`, pems.private);
  }

  /** `from` and `to`: ms from now, between which it is valid. */
  async issue(
    altNames: readonly AlternativeName[],
    { from = -60_000, to = DAY }: { readonly from?: number; readonly to?: number } = {},
  ): Promise<IssuedLeaf> {
    const pems = await generate([{ name: "commonName", value: "leaf" }], {
      ...{ keyType: "ec", curve: "P-256", algorithm: "sha256" },
      notBeforeDate: new Date(Date.now() + from),
      notAfterDate: new Date(Date.now() + to),
      ca: { key: this.#key, cert: this.root },
      extensions: [
        { name: "basicConstraints", cA: false, critical: true },
        { name: "keyUsage", digitalSignature: true, critical: true },
        { name: "extKeyUsage", serverAuth: true, clientAuth: true },
        ...(altNames.length === 0
          ? []
          : [{ name: "subjectAltName" as const, altNames: altNames.map((name) => ({ ...name })) }]),
      ],
    });
    return { certificate: `${pems.cert.trim()}\n`, privateKey: pems.private };
  }

  /** The certificates of a service's sidecar, trusting this authority and any others. */
  async certificatesFor(
    service: string,
    others: readonly TestAuthority[] = [],
  ): Promise<Certificates> {
    const uri = uriOf(service);
    const { certificate, privateKey } = await this.issue([{ type: 6, value: uri }]);
    return {
      certificateChain: certificate,
      privateKey,
      uri,
      roots: [this, ...others].map(({ root }) => root),
      trustDomain: TRUST_DOMAIN,
      notAfter: Date.now() + DAY,
    };
  }
}
