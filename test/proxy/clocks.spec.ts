// Clocks that differ: a certificate that is not valid yet, or no more, by the clock of whoever looks at it.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "mocha";
import type { Certificates } from "../../proxy/configuration/snapshot.ts";
import { TestAuthority, TRUST_DOMAIN, uriOf } from "../helpers/certificates.ts";
import { type Answer, call } from "../helpers/http-call.ts";
import { dialOf, inboundPort, outboundService, SidecarRig } from "../helpers/sidecar-rig.ts";

const MINUTE = 60_000;

interface Validity {
  readonly from: number;
  readonly to: number;
}

describe("a certificate whose time has not come, or is over", () => {
  let rig: SidecarRig;
  beforeEach(async () => {
    rig = await SidecarRig.create();
  });
  afterEach(async () => await rig[Symbol.asyncDispose]());

  const issue = async (
    service: string,
    authority: TestAuthority,
    validity: Validity,
  ): Promise<Certificates> => {
    const uri = uriOf(service);
    const { certificate, privateKey } = await authority.issue([{ type: 6, value: uri }], validity);
    return {
      ...{ certificateChain: certificate, privateKey, uri, trustDomain: TRUST_DOMAIN },
      ...{ roots: [rig.authority.root], notAfter: Date.now() + validity.to },
    };
  };

  /** A call from `shop-web` to `shop-orders`, one of which has the certificate. */
  const callWith = async (
    whose: "caller" | "callee",
    validity: Validity,
    authority = rig.authority,
  ): Promise<{ readonly answer: Answer; readonly refused: number }> => {
    const application = await rig.httpApplication((_, response) => void response.end("hello"));
    const inbound = await inboundPort(application);
    const odd = (service: string): Promise<Certificates> => issue(service, authority, validity);
    const callee = await rig.sidecar(
      "shop-orders",
      whose === "callee" ? { certificates: await odd("shop-orders") } : {},
    );
    await callee.configure({ inbound: [inbound] });
    const caller = await rig.sidecar(
      "shop-web",
      whose === "caller" ? { certificates: await odd("shop-web") } : {},
    );
    const outbound = await outboundService("shop-orders", [inbound.tlsPort]);
    await caller.configure({ outbound: [outbound] });
    const answer = await call(dialOf(outbound));
    const judge = whose === "callee" ? caller : callee;
    return { answer, refused: judge.sidecar.report().counters.refusedPeers };
  };

  for (const whose of ["caller", "callee"] as const) {
    for (const [when, validity] of [
      ["in five minutes", { from: 5 * MINUTE, to: 60 * MINUTE }],
      ["until five minutes ago", { from: -60 * MINUTE, to: -5 * MINUTE }],
    ] as const) {
      it(`is accepted of a ${whose} when it is valid ${when}`, async () => {
        const { answer, refused } = await callWith(whose, validity);
        assert.deepEqual([answer.status, answer.body, refused], [200, "hello", 0]);
      });

      it(`is refused of a ${whose} when it is valid ${when}, but another authority's`, async () => {
        const { answer, refused } = await callWith(whose, validity, await TestAuthority.create());
        assert.equal(answer.status, 503);
        assert.ok(refused > 0);
      });
    }

    for (const [when, validity] of [
      ["in a quarter of an hour", { from: 15 * MINUTE, to: 60 * MINUTE }],
      ["until a quarter of an hour ago", { from: -60 * MINUTE, to: -15 * MINUTE }],
    ] as const) {
      it(`is refused of a ${whose} when it is valid ${when}`, async () => {
        const { answer, refused } = await callWith(whose, validity);
        assert.equal(answer.status, 503);
        assert.ok(refused > 0);
      });
    }
  }
});
