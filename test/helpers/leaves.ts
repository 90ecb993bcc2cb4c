// Certificates for tests that only pass them on: every service has one at once.
import type { Leaf, TrustBundle } from "../../plugin/certificates/authority.ts";
import type { LeafSource } from "../../plugin/sidecars/publisher.ts";

export const BUNDLE: TrustBundle = {
  trustDomain: "mesh.test",
  datacenter: "dc1",
  roots: ["-----BEGIN CERTIFICATE-----\nroot\n-----END CERTIFICATE-----\n"],
};

export function leafOf(service: string): Leaf {
  return {
    certificateChain: `leaf of ${service}\n`,
    privateKey: `key of ${service}\n`,
    uri: `spiffe://mesh.test/ns/default/dc/dc1/svc/${service}`,
    notBefore: 0,
    notAfter: 86_400_000,
  };
}

/** Leaves for whatever is followed, unless they are held back. */
export class InstantLeaves implements LeafSource {
  readonly followed: Set<string> = new Set();
  bundle: TrustBundle | undefined = BUNDLE;
  heldBack = false;

  leaf(service: string): Leaf | undefined {
    return this.heldBack || !this.followed.has(service) ? undefined : leafOf(service);
  }

  follow(service: string): Disposable {
    this.followed.add(service);
    return { [Symbol.dispose]: () => this.followed.delete(service) };
  }
}
