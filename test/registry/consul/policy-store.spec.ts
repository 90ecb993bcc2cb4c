// What only Consul can do to policies: people edit them by hand, it is away, it refuses, it answers half.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "mocha";
import { MeshError } from "../../../mesh/errors.ts";
import { ConsulClient } from "../../../registry/consul/client.ts";
import { ConsulPolicyStore } from "../../../registry/consul/policy-store.ts";
import type { PoliciesView } from "../../../registry/policy-store.ts";
import { type ConsulServer, startConsul } from "../../helpers/consul.ts";
import { eventually } from "../../helpers/eventually.ts";
import { policyStoreConformance } from "../policy-store-conformance.ts";
import { Reader } from "../reader.ts";
import { type ForgedAnswer, ForgingProxy } from "./forging-proxy.ts";

const RANDOM = { document: { "balance.algorithm": "random" }, note: "set balance.algorithm" };
const MAGLEV = { document: { "balance.algorithm": "maglev" }, note: "edit" };
const TOKEN = "7c6f3a52-0000-4000-8000-000000000000";
const CURRENT = "docker-mesh/policies/orders";
const soon = (): AbortSignal => AbortSignal.timeout(5_000);
const hasCode =
  (code: string) =>
  (error: unknown): boolean =>
    error instanceof MeshError && error.code === code;

describe("policies in a real Consul", () => {
  let consul: ConsulServer;
  before(async function () {
    this.timeout(60_000);
    consul = await startConsul();
  });
  after(() => consul[Symbol.asyncDispose]());
  const clear = (): Promise<string> => edit("DELETE", "docker-mesh/?recurse");

  /** As Consul's UI does. */
  async function edit(
    method: "GET" | "PUT" | "DELETE",
    key: string,
    body?: string,
  ): Promise<string> {
    const request = { method, ...(body === undefined ? {} : { body }), signal: soon() };
    return await (await fetch(`${consul.address}/v1/kv/${key}`, request)).text();
  }

  policyStoreConformance("the Consul policy store", async () => {
    const used = new AsyncDisposableStack();
    const open = (): ConsulPolicyStore =>
      new ConsulPolicyStore({ client: used.use(new ConsulClient({ address: consul.address })) });
    used.defer(async () => void (await clear()));
    return {
      ...{ store: open(), peer: open(), reopen: async () => open() },
      [Symbol.asyncDispose]: () => used.disposeAsync(),
    };
  });

  describe("edited by hand", () => {
    let used: AsyncDisposableStack;
    let store: ConsulPolicyStore;
    let reader: Reader<PoliciesView>;

    beforeEach(() => {
      used = new AsyncDisposableStack();
      used.defer(async () => void (await clear()));
      store = open();
      reader = used.use(new Reader(store));
    });
    afterEach(() => used.disposeAsync());
    const open = (): ConsulPolicyStore =>
      new ConsulPolicyStore({ client: used.use(new ConsulClient({ address: consul.address })) });

    it("stand in the KV store for people to read", async () => {
      const { writtenAt } = await store.write("orders", 0, RANDOM, soon());
      const text = await edit("GET", `${CURRENT}?raw`);
      assert.deepEqual(JSON.parse(text), { format: 1, version: 1, ...RANDOM, writtenAt });
      assert.equal(text, await edit("GET", "docker-mesh/policy-history/orders/000000000001?raw"));
      assert.match(text, /^\{\n/);
    });

    it("are in force when they can be read", async () => {
      const written = await store.write("orders", 0, RANDOM, soon());
      const { service: _, ...kept } = { ...written, document: MAGLEV.document };
      await edit("PUT", CURRENT, JSON.stringify(kept));
      await eventually(() =>
        assert.deepEqual(reader.newest?.policies.get("orders")?.document, MAGLEV.document),
      );
      assert.deepEqual((await store.history("orders", soon()))[0]?.document, MAGLEV.document);
      assert.equal((await store.write("orders", 1, RANDOM, soon())).version, 2);
    });

    const whole = { version: 2, document: {}, writtenAt: 1, note: "" };
    const garbage: readonly (readonly [name: string, text: string, problem: RegExp])[] = [
      ["no text", "", /JSON/],
      ["no JSON", "balance.algorithm: random", /JSON/],
      ["half of it", '{"version":2,"docu', /JSON/],
      ["null", "null", /expected an object, got null/],
      ["a list", "[]", /expected an object, got \[\]/],
      [
        "no version",
        JSON.stringify({ ...whole, version: undefined }),
        /from 1 to \d+, got nothing/,
      ],
      ["a version of 0", JSON.stringify({ ...whole, version: 0 }), /from 1 to \d+, got 0/],
      ["a version as text", JSON.stringify({ ...whole, version: "2" }), /got "2"/],
      ["no time", JSON.stringify({ ...whole, writtenAt: undefined }), /expected writtenAt/],
      ["no note", JSON.stringify({ ...whole, note: 7 }), /expected a note, got 7/],
      ["a nested document", JSON.stringify({ ...whole, document: { a: {} } }), /names and texts/],
    ];
    for (const [name, text, problem] of garbage) {
      it(`leave the last good one in force with ${name}`, async () => {
        const web = await store.write("web", 0, RANDOM, soon());
        const good = await store.write("orders", 0, MAGLEV, soon());
        await eventually(() => assert.equal(reader.newest?.policies.size, 2));
        await edit("PUT", CURRENT, text);
        // Whoever has seen the good one, and whoever has not.
        const late = open();
        for (const shown of [reader, used.use(new Reader(late))]) {
          await eventually(() => assert.match(shown.newest?.problems[0] ?? "", problem));
          assert.match(
            shown.newest?.problems[0] ?? "",
            /^docker-mesh\/policies\/orders .*version 1 stays/,
          );
          assert.deepEqual(
            shown.newest?.policies,
            new Map([
              ["orders", good],
              ["web", web],
            ]),
          );
        }
        assert.deepEqual(await late.read("orders", soon()), good);
        assert.deepEqual(await late.history("orders", soon()), [good]);
        const repaired = await late.write("orders", 1, RANDOM, soon());
        assert.equal(repaired.version, 2);
        await eventually(() => assert.deepEqual(reader.newest?.policies.get("orders"), repaired));
        assert.deepEqual(reader.newest?.problems, []);
      });
    }

    it("leave in force what was edited well before it was edited badly", async () => {
      const written = await store.write("orders", 0, RANDOM, soon());
      await edit("PUT", CURRENT, JSON.stringify({ ...written, ...MAGLEV }));
      await eventually(() => assert.equal(reader.newest?.policies.get("orders")?.note, "edit"));
      await edit("PUT", CURRENT, "garbage");
      await eventually(() => assert.equal(reader.newest?.problems.length, 1));
      assert.deepEqual(reader.newest?.policies.get("orders"), { ...written, ...MAGLEV });
    });

    it("say so when nothing good was ever there, and can be repaired", async () => {
      await edit("PUT", CURRENT, "garbage");
      await eventually(() =>
        assert.match(reader.newest?.problems[0] ?? "", /nothing of it is in force/),
      );
      assert.equal(reader.newest?.policies.size, 0);
      assert.equal(await store.read("orders", soon()), undefined);
      assert.equal((await store.write("orders", 0, RANDOM, soon())).version, 1);
    });

    it("are gone when their entry is, and count on from the history", async () => {
      await store.write("orders", 0, RANDOM, soon());
      await store.write("orders", 1, MAGLEV, soon());
      await edit("DELETE", CURRENT);
      await eventually(() =>
        assert.deepEqual(reader.newest, { policies: new Map(), problems: [] }),
      );
      assert.equal(await store.read("orders", soon()), undefined);
      assert.equal((await store.write("orders", 0, RANDOM, soon())).version, 3);
    });

    it("never count back, whatever version somebody writes", async () => {
      await store.write("orders", 0, RANDOM, soon());
      const second = await store.write("orders", 1, RANDOM, soon());
      await edit("PUT", CURRENT, JSON.stringify({ ...second, version: 1 }));
      assert.equal((await store.write("orders", 1, RANDOM, soon())).version, 3);
    });

    for (const key of ["a/b", "a.b", "%zz", "orders/"]) {
      it(`are not made up from the key ${key}`, async () => {
        await edit("PUT", `docker-mesh/policies/${encodeURI(key)}`, JSON.stringify(whole));
        await eventually(() => assert.match(reader.newest?.problems[0] ?? "", /name of a service/));
        assert.equal(reader.newest?.policies.size, 0);
      });
    }

    it("may stand beside the entry that Consul's UI makes for a folder", async () => {
      await edit("PUT", "docker-mesh/policies/", "");
      await store.write("orders", 0, RANDOM, soon());
      await eventually(() => assert.equal(reader.newest?.policies.size, 1));
      assert.deepEqual(reader.newest?.problems, []);
    });

    it("leave a history that somebody filled bounded again after a few writes", async () => {
      for (let version = 1; version <= 90; version += 1) {
        const digits = String(version).padStart(12, "0");
        const text = JSON.stringify({ ...whole, version });
        await edit("PUT", `docker-mesh/policy-history/orders/${digits}`, text);
      }
      assert.equal((await store.write("orders", 0, RANDOM, soon())).version, 91);
      assert.equal((await store.write("orders", 91, RANDOM, soon())).version, 92);
      const keys = await edit("GET", "docker-mesh/policy-history/orders/?keys");
      assert.equal((JSON.parse(keys) as unknown[]).length, 20);
    });
  });

  describe("behind a Consul that fails", function () {
    this.timeout(30_000);
    let used: AsyncDisposableStack;
    let proxy: ForgingProxy;
    let store: ConsulPolicyStore;
    let direct: ConsulPolicyStore;

    beforeEach(async () => {
      used = new AsyncDisposableStack();
      used.defer(async () => void (await clear()));
      proxy = used.use(await ForgingProxy.start(consul.address));
      store = open(proxy.address);
      direct = open(consul.address);
    });
    afterEach(() => used.disposeAsync());
    const open = (address: string): ConsulPolicyStore =>
      new ConsulPolicyStore({ client: used.use(new ConsulClient({ address, timeout: 500 })) });

    for (const ending of ["cut", "hang"] as const) {
      it(`are written whole when the answer to the write is lost (${ending})`, async () => {
        await direct.write("orders", 0, RANDOM, soon());
        proxy.forge = (path) => (path.startsWith("/v1/txn") ? { ending } : undefined);
        await assert.rejects(
          store.write("orders", 1, MAGLEV, soon()),
          hasCode("CATALOG_UNAVAILABLE"),
        );
        const inForce = await direct.read("orders", soon());
        assert.equal(inForce?.version, 2);
        assert.deepEqual((await direct.history("orders", soon()))[0], inForce);
        await assert.rejects(store.write("orders", 1, MAGLEV, soon()), hasCode("POLICY_CONFLICT"));
      });
    }

    it("show no answer of before their own write that comes after it", async () => {
      await direct.write("first", 0, RANDOM, soon());
      const reader = used.use(new Reader(store));
      await eventually(() => assert.equal(reader.newest?.policies.size, 1));
      let told = 0;
      let answer = await everything();
      proxy.forge = (path) => {
        if (!path.startsWith("/v1/kv/docker-mesh/policies/?")) return undefined;
        told += 1;
        return answer;
      };
      await direct.write("second", 0, RANDOM, soon());
      const between = await everything();
      const written = await store.write("orders", 0, RANDOM, soon());
      answer = between;
      told = 0;
      await eventually(() => assert.ok(told >= 3));
      assert.equal(reader.views.length, 1);
      proxy.forge = () => undefined;
      await eventually(() => assert.deepEqual(reader.newest?.policies.get("orders"), written));
      assert.equal(reader.views.length, 2);
    });

    /** What Consul answers to those who watch. */
    async function everything(): Promise<ForgedAnswer> {
      const response = await fetch(`${consul.address}/v1/kv/docker-mesh/policies/?recurse`);
      const index = response.headers.get("x-consul-index") ?? "";
      return { body: await response.text(), headers: { "x-consul-index": index } };
    }

    it("are refused when the token may only read them", async () => {
      const body = '{"Results":null,"Errors":[{"OpIndex":0,"What":"Permission denied"}]}';
      proxy.forge = (path) => (path.startsWith("/v1/txn") ? { status: 409, body } : undefined);
      await assert.rejects(store.write("orders", 0, RANDOM, soon()), hasCode("CATALOG_REFUSED"));
    });

    it("stay in force, with a problem, when the token may no longer read all of them", async () => {
      const written = await direct.write("orders", 0, RANDOM, soon());
      const reader = used.use(new Reader(store));
      await eventually(() => assert.equal(reader.newest?.policies.size, 1));
      const headers = { "x-consul-results-filtered-by-acls": "true" };
      proxy.forge = (path) =>
        path.startsWith("/v1/kv/docker-mesh/policies/?") ? { body: "[]", headers } : undefined;
      await direct.write("second", 0, RANDOM, soon());
      await eventually(() => assert.match(reader.newest?.problems[0] ?? "", /hides policies/));
      assert.deepEqual(reader.newest?.policies.get("orders"), written);
    });

    it("are not taken for none when the token may not read all of them from the beginning", async () => {
      proxy.forge = () => ({ headers: { "x-consul-results-filtered-by-acls": "true" } });
      await direct.write("orders", 0, RANDOM, soon());
      const reader = used.use(new Reader(store));
      await eventually(() => assert.ok(proxy.requests.length >= 2));
      assert.deepEqual(reader.views, []);
      proxy.forge = () => undefined;
      await eventually(() => assert.equal(reader.newest?.policies.size, 1));
    });

    const lies = {
      "gives a page": { body: "<html>sorry</html>" },
      "gives null": { body: "null" },
      "gives nothing": { body: "" },
      fails: { status: 500, body: "No cluster leader" },
      "has no leader": { body: "[]", headers: { "x-consul-knownleader": "false" } },
      "is a proxy that knows no such page": {
        status: 404,
        body: "not found",
        headers: { "x-consul-index": "" },
      },
      "cuts its answers": { ending: "cut" as const },
    };
    for (const [name, lie] of Object.entries(lies)) {
      it(`stay in force when it ${name}`, async () => {
        const written = await direct.write("orders", 0, RANDOM, soon());
        const reader = used.use(new Reader(store));
        await eventually(() => assert.equal(reader.newest?.policies.size, 1));
        let told = 0;
        proxy.forge = (path) => {
          if (!path.startsWith("/v1/kv/")) return undefined;
          told += 1;
          return lie;
        };
        await direct.write("web", 0, RANDOM, soon());
        await eventually(() => assert.ok(told >= 3));
        const code =
          "status" in lie && lie.status === 404 ? "CATALOG_REFUSED" : "CATALOG_UNAVAILABLE";
        await assert.rejects(store.read("orders", soon()), hasCode(code));
        await assert.rejects(store.write("orders", 1, MAGLEV, soon()), hasCode(code));
        proxy.forge = () => undefined;
        await eventually(() => assert.equal(reader.newest?.policies.size, 2), { timeout: 10_000 });
        for (const { policies } of reader.views) assert.deepEqual(policies.get("orders"), written);
      });
    }
  });

  it("are refused when they are larger than Consul allows", async () => {
    using client = new ConsulClient({ address: consul.address });
    const store = new ConsulPolicyStore({ client });
    const document = { "header.request.set": "x".repeat(600_000) };
    const write = store.write("orders", 0, { document, note: "" }, soon());
    await assert.rejects(write, hasCode("CATALOG_REFUSED"));
    assert.equal(await store.read("orders", soon()), undefined);
  });
});

describe("policies in a Consul that is away", function () {
  this.timeout(60_000);
  it("stay in force, and a change that came meanwhile is seen when it is back", async () => {
    await using used = new AsyncDisposableStack();
    const consul = used.use(await startConsul());
    const client = used.use(new ConsulClient({ address: consul.address, timeout: 500 }));
    const store = new ConsulPolicyStore({ client });
    const written = await store.write("orders", 0, RANDOM, soon());
    const reader = used.use(new Reader(store));
    await eventually(() => assert.deepEqual(reader.newest?.policies.get("orders"), written));
    await consul.stop();
    await assert.rejects(store.write("orders", 1, MAGLEV, soon()), hasCode("CATALOG_UNAVAILABLE"));
    await assert.rejects(store.history("orders", soon()), hasCode("CATALOG_UNAVAILABLE"));
    await eventually(() => assert.equal(client.reachability.reachable, false));
    await consul.start();
    // Patient: an attempt that is given up may have been done.
    const patient = used.use(new ConsulClient({ address: consul.address }));
    const writer = new ConsulPolicyStore({ client: patient });
    await eventually(() => writer.read("orders", soon()), { timeout: 20_000 });
    const next = await writer.write("orders", 1, MAGLEV, soon());
    await eventually(() => assert.deepEqual(reader.newest?.policies.get("orders"), next), {
      timeout: 10_000,
    });
    assert.deepEqual(
      reader.views.map(({ policies }) => policies.get("orders")?.version),
      [1, 2],
    );
  });
});

describe("policies in a Consul with access control", function () {
  this.timeout(30_000);
  let consul: ConsulServer;
  let used: AsyncDisposableStack;

  before(async function () {
    this.timeout(60_000);
    consul = await startConsul({ token: TOKEN });
  });
  after(() => consul[Symbol.asyncDispose]());
  beforeEach(() => {
    used = new AsyncDisposableStack();
  });
  afterEach(() => used.disposeAsync());
  const open = (token?: string, address = consul.address): ConsulPolicyStore =>
    new ConsulPolicyStore({ client: used.use(new ConsulClient({ address, token })) });

  it("are written with the mesh's token, and refused without it", async () => {
    const written = await open(TOKEN).write("orders", 0, RANDOM, soon());
    await assert.rejects(open().write("orders", 0, RANDOM, soon()), hasCode("CATALOG_REFUSED"));
    assert.deepEqual(await open(TOKEN).read("orders", soon()), written);
  });

  it("are not taken for none by who may not read them", async () => {
    const proxy = used.use(await ForgingProxy.start(consul.address));
    const reader = used.use(new Reader(open(undefined, proxy.address)));
    await eventually(() => assert.ok(proxy.requests.length >= 4));
    assert.deepEqual(reader.views, []);
  });
});
