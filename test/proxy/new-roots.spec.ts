// A new root comes to sidecars as an authority brings it: everybody trusts it before anything is signed with it, sidecars
// change to it one after the other, and the old one goes when nothing of it is left. Nobody's call is lost on the way.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "mocha";
import type { Certificates } from "../../proxy/configuration/snapshot.ts";
import { TestAuthority } from "../helpers/certificates.ts";
import { eventually } from "../helpers/eventually.ts";
import { call } from "../helpers/http-call.ts";
import {
  dialOf,
  inboundPort,
  outboundService,
  SidecarRig,
  type TestSidecar,
} from "../helpers/sidecar-rig.ts";

describe("a new root under load", () => {
  let rig: SidecarRig;
  beforeEach(async () => {
    rig = await SidecarRig.create();
  });
  afterEach(async () => await rig[Symbol.asyncDispose]());

  it("costs no call, and breaks off no response that has begun", async () => {
    const [old, next] = [rig.authority, await TestAuthority.create()];
    const held = Promise.withResolvers<void>();
    const application = await rig.httpApplication(({ url }, response) => {
      response.write("first ");
      if (url === "/held") void held.promise.then(() => response.end("last"));
      else response.end("last");
    });
    const inbound = await inboundPort(application);
    const outbound = await outboundService("shop-orders", [inbound.tlsPort]);
    const callee = await rig.sidecar("shop-orders");
    const caller = await rig.sidecar("shop-web");
    await callee.configure({ inbound: [inbound] });
    await caller.configure({ outbound: [outbound] });

    const long = call({ ...dialOf(outbound), path: "/held" });
    let stopped = false;
    let served = 0;
    const load = (async (): Promise<void> => {
      while (!stopped) {
        const { status, body } = await call(dialOf(outbound));
        assert.deepEqual([status, body], [200, "first last"]);
        served += 1;
      }
    })();
    const servedMore = async (): Promise<void> => {
      const before = served;
      await eventually(() => assert.ok(served > before + 5));
    };
    const change = async (sidecar: TestSidecar, certificates: Certificates): Promise<void> => {
      await sidecar.configure({ certificates });
      await servedMore();
    };

    await servedMore();
    const trusted = (signs: TestAuthority, also: readonly TestAuthority[]) => async () => {
      await change(caller, await signs.certificatesFor("shop-web", also));
      await change(callee, await signs.certificatesFor("shop-orders", also));
    };
    for (const step of [trusted(old, [next]), trusted(next, [old]), trusted(next, [])]) {
      await step();
    }
    held.resolve();
    assert.equal((await long).body, "first last");
    stopped = true;
    await load;
    for (const { sidecar } of [caller, callee]) {
      assert.equal(sidecar.report().counters.refusedPeers, 0);
    }
  });
});
