import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { describe, it } from "mocha";
import type { Leaf } from "../../../plugin/certificates/authority.ts";
import { listCertificates } from "../../../plugin/certificates/certificate-list.ts";
import type { LocalWorkload } from "../../../plugin/reconcile/reconciler.ts";
import type { SidecarState } from "../../../plugin/sidecars/sessions.ts";
import { TestAuthority, TRUST_DOMAIN, uriOf } from "../../helpers/certificates.ts";
import { reportOf, workloadOf } from "../../helpers/workloads.ts";

function local(
  service: string,
  letter: string,
  version: string | undefined,
): Pick<LocalWorkload, "workload" | "sidecar"> {
  const sidecar = { report: reportOf({ version }) } as Partial<SidecarState> as SidecarState;
  return { workload: workloadOf(service, letter), sidecar };
}

describe("the list of certificates", () => {
  it("says of each workload's certificate whose it is, who signed it and until when it holds", async () => {
    const authority = await TestAuthority.create();
    const { certificate, privateKey } = await authority.issue([
      { type: 6, value: uriOf("shop-orders") },
    ]);
    const leaf: Leaf = {
      ...{ certificateChain: `${certificate}\n${authority.root}`, privateKey },
      ...{ uri: uriOf("shop-orders"), notBefore: 1_000, notAfter: 2_000 },
    };
    const workloads = [
      local("web", "b", "1"),
      local("orders", "a", "1"),
      local("orders", "c", undefined),
    ];
    const listed = listCertificates(workloads, (service) =>
      service === "shop-orders" ? leaf : undefined,
    );
    const [issuer = ""] = /(?<=CN=).*/.exec(new X509Certificate(authority.root).subject) ?? [];
    assert.deepEqual(listed, [
      {
        ...{ service: "shop-orders", container: "shop-orders-1", identity: uriOf("shop-orders") },
        ...{ trustDomain: TRUST_DOMAIN, issuer, notBefore: 1_000, notAfter: 2_000 },
        serial: new X509Certificate(certificate).serialNumber.toLowerCase(),
      },
      // Its sidecar has taken none yet.
      { service: "shop-orders", container: "shop-orders-1" },
      { service: "shop-web", container: "shop-web-1" },
    ]);
    assert.ok(!JSON.stringify(listed).includes("PRIVATE"));
  });
});
