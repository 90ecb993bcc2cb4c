import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { wantedListeners } from "../../../proxy/listen/wanted.ts";
import { TestAuthority } from "../../helpers/certificates.ts";
import { NO_POLICY } from "../../helpers/plans.ts";
import { outboundService } from "../../helpers/sidecar-rig.ts";

describe("the listeners that a snapshot asks for", () => {
  it("are those of services with names: others are reached by way of a policy alone", async () => {
    const [named, unnamed] = [
      await outboundService("orders", []),
      await outboundService("backup", []),
    ];
    const authority = await TestAuthority.create();
    const snapshot = {
      ...{ version: "1", service: "web", instanceId: "web-1", inbound: [], draining: false },
      ...{ ...NO_POLICY, certificates: await authority.certificatesFor("web") },
      outbound: [named, { ...unnamed, names: [] }],
    };
    const addresses = wantedListeners(snapshot).map(({ address }) => address);
    assert.deepEqual(addresses, [named.address]);
  });
});
