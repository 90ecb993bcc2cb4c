// A sidecar that is sent changes: what it makes of them, and that it asks anew where nothing can be made of one.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "mocha";
import { SnapshotAssembly } from "../../proxy/configuration/snapshot-changes.ts";
import { eventually } from "../helpers/eventually.ts";
import { SidecarRig, type TestSidecar } from "../helpers/sidecar-rig.ts";

const named = (service: string, more = {}): object => ({ service, ...more });
const WHOLE = { version: "1", draining: false, outbound: [named("a"), named("b")] };

describe("lines that tell changes", () => {
  const change = (parts: object): object => ({
    ...{ base: "1", version: "2", fields: {}, changed: [] },
    ...parts,
  });

  for (const [what, parts, expected] of [
    ["another field", { fields: { draining: true } }, { draining: true }],
    [
      "a service, in its place",
      { changed: [named("a", { x: 1 })] },
      { outbound: [named("a", { x: 1 }), named("b")] },
    ],
    [
      "a service that is new, where it belongs",
      { changed: [named("aa")], services: ["a", "aa", "b"] },
      { outbound: [named("a"), named("aa"), named("b")] },
    ],
    ["a service that is gone", { services: ["b"] }, { outbound: [named("b")] }],
    ["that all are gone", { services: [] }, { outbound: [] }],
    ["another order", { services: ["b", "a"] }, { outbound: [named("b"), named("a")] }],
    ["nothing but a version", {}, {}],
  ] as const) {
    it(`tell ${what}`, () => {
      const assembly = new SnapshotAssembly();
      assembly.take(JSON.stringify(WHOLE));
      const taken = assembly.take(JSON.stringify(change(parts)));
      assert.deepEqual(taken, { ...WHOLE, version: "2", ...expected });
    });
  }

  for (const [what, before, line, message] of [
    ["nothing", [], change({}), /version undefined, found one of 1/],
    ["another version", [WHOLE], change({ base: "0" }), /version 1, found one of 0/],
    ["the version before the last", [WHOLE, change({})], change({}), /version 2, found one of 1/],
    ["null", [null], change({}), /version undefined/],
    ["something without services", [{ version: "1" }], change({}), /version undefined/],
    [
      "a service that was never told",
      [WHOLE],
      change({ services: ["a", "c"] }),
      /service c itself/,
    ],
  ] as const) {
    it(`are refused as a change of ${what}, until a whole snapshot comes`, () => {
      const assembly = new SnapshotAssembly();
      for (const each of before) assembly.take(JSON.stringify(each));
      const refused = { code: "CONFIGURATION_INVALID", message };
      assert.throws(() => assembly.take(JSON.stringify(line)), refused);
      assert.deepEqual(assembly.take(JSON.stringify(WHOLE)), WHOLE);
      assert.deepEqual(assembly.take(JSON.stringify(change({}))), { ...WHOLE, version: "2" });
    });
  }

  it("are refused when they are not JSON", () => {
    assert.throws(() => new SnapshotAssembly().take("{"), { code: "CONFIGURATION_INVALID" });
  });
});

describe("a sidecar on a stream of changes", () => {
  let rig: SidecarRig;
  let sidecar: TestSidecar;
  beforeEach(async () => {
    rig = await SidecarRig.create();
    sidecar = await rig.sidecar("shop-web");
    await sidecar.configure({});
  });
  afterEach(() => rig[Symbol.asyncDispose]());

  const change = (base: string, fields: object): string =>
    JSON.stringify({ base, version: "next", fields, changed: [] });
  const seen = (): { version: string | undefined; problems: readonly string[] } => {
    const { version, problems } = sidecar.sidecar.report();
    return { version, problems };
  };

  it("puts a change in force", async () => {
    sidecar.agent.writeLine(change("1", { draining: true }));
    await eventually(() => assert.deepEqual(seen(), { version: "next", problems: [] }));
  });

  it("keeps what it has when a change makes no sense, and puts the next one in force", async () => {
    sidecar.agent.writeLine(change("1", { draining: "perhaps" }));
    await eventually(() => assert.match(seen().problems.join(), /snapshot\.draining: expected/));
    assert.equal(seen().version, "1");
    sidecar.agent.writeLine(change("next", { draining: true }));
    await eventually(() => assert.deepEqual(seen(), { version: "next", problems: [] }));
    assert.equal(sidecar.agent.asked, 1);
  });

  for (const [what, line] of [
    ["of something that it was not sent", change("other", {})],
    ["that is cut short", change("1", {}).slice(0, -5)],
  ] as const) {
    it(`asks for a whole snapshot after a change ${what}`, async () => {
      sidecar.agent.writeLine(line);
      await eventually(() => assert.equal(sidecar.agent.asked, 2));
      await eventually(() => assert.deepEqual(seen(), { version: "1", problems: [] }));
      sidecar.agent.writeLine(change("1", { draining: true }));
      await eventually(() => assert.deepEqual(seen(), { version: "next", problems: [] }));
    });
  }
});
