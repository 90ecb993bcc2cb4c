// Intentions of a real Consul, edited as its UI edits them.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "mocha";
import { type IntentionsView, intentionsFor } from "../../../mesh/policy/intention.ts";
import { ConsulClient } from "../../../registry/consul/client.ts";
import { ConsulIntentions } from "../../../registry/consul/intentions.ts";
import { type ConsulServer, startConsul } from "../../helpers/consul.ts";
import { eventually } from "../../helpers/eventually.ts";
import { Reader } from "../reader.ts";
import { ForgingProxy } from "./forging-proxy.ts";

const TOKEN = "7c6f3a52-0000-4000-8000-000000000000";
const NONE: IntentionsView = { defaultAction: "allow", intentions: [], problems: [] };
/** The promise that a user sees. */
const WITHIN = { timeout: 1_000 };

class Editor {
  readonly #address: string;
  readonly #token: string | undefined;

  constructor(address: string, token?: string) {
    this.#address = address;
    this.#token = token;
  }

  async create(SourceName: string, DestinationName: string, Action: string): Promise<string> {
    const { ID } = (await this.#send("POST", "", { SourceName, DestinationName, Action })) as {
      readonly ID: string;
    };
    return ID;
  }

  async update(id: string, intention: object): Promise<void> {
    await this.#send("PUT", `/${id}`, intention);
  }

  async remove(id: string): Promise<void> {
    await this.#send("DELETE", `/${id}`);
  }

  async removeAll(): Promise<void> {
    for (const { ID } of (await this.#send("GET", "")) as { readonly ID: string }[])
      await this.remove(ID);
  }

  async #send(method: string, path: string, body?: object): Promise<unknown> {
    const response = await fetch(`${this.#address}/v1/connect/intentions${path}`, {
      method,
      headers: this.#token === undefined ? {} : { "X-Consul-Token": this.#token },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(5_000),
    });
    const text = await response.text();
    assert.ok(response.ok, text);
    return text.startsWith("{") || text.startsWith("[") ? JSON.parse(text) : undefined;
  }
}

/** `web → orders allow` */
const shown = (view: IntentionsView | undefined): readonly string[] | undefined =>
  view?.intentions.map(({ source, destination, action }) => `${source} → ${destination} ${action}`);

describe("the intentions of a real Consul", function () {
  this.timeout(30_000);
  let consul: ConsulServer;
  let editor: Editor;
  let used: AsyncDisposableStack;
  let reader: Reader<IntentionsView>;
  let proxy: ForgingProxy;

  before(async function () {
    this.timeout(60_000);
    consul = await startConsul();
    editor = new Editor(consul.address);
  });
  after(() => consul[Symbol.asyncDispose]());
  beforeEach(async () => {
    used = new AsyncDisposableStack();
    proxy = used.use(await ForgingProxy.start(consul.address));
    const client = used.use(new ConsulClient({ address: proxy.address, timeout: 500 }));
    reader = used.use(new Reader(new ConsulIntentions({ client })));
    await eventually(() => assert.deepEqual(reader.newest, NONE));
  });
  afterEach(async () => {
    await used.disposeAsync();
    await editor.removeAll();
  });
  const shows = (expected: readonly string[]): Promise<void> =>
    eventually(() => assert.deepEqual(shown(reader.newest), expected), WITHIN);

  it("arrive within a second when they are made, changed and removed", async () => {
    const id = await editor.create("web", "orders", "deny");
    await shows(["web → orders deny"]);
    await editor.update(id, { SourceName: "web", DestinationName: "orders", Action: "allow" });
    await shows(["web → orders allow"]);
    await editor.remove(id);
    await shows([]);
  });

  it("arrive one by one, however fast they are made", async () => {
    for (const name of ["a", "b", "c", "d", "e", "f"]) await editor.create(name, "orders", "deny");
    await eventually(() => assert.equal(reader.newest?.intentions.length, 6), WITHIN);
    for (const [index, view] of reader.views.slice(1).entries())
      assert.ok(view.intentions.length > (reader.views[index]?.intentions.length ?? 0));
  });

  it("are in the order of Consul's own precedence", async () => {
    for (const [source, destination] of [
      ["*", "*"],
      ["web", "*"],
      ["*", "orders"],
      ["web", "orders"],
      ["web", "other"],
    ] as const)
      await editor.create(source, destination, "allow");
    await eventually(() => assert.equal(reader.newest?.intentions.length, 5), WITHIN);
    const theirs = (shown(reader.newest) ?? []).filter((text) => !text.includes("other"));
    const ours = { ...NONE, intentions: intentionsFor(reader.newest ?? NONE, "orders") };
    assert.deepEqual(shown(ours), theirs);
    assert.equal(theirs.length, 4);
  });

  it("may have permissions, as later versions answer them", async () => {
    proxy.forge = (path, { body }) =>
      path.startsWith("/v1/connect/intentions")
        ? {
            body: body.replaceAll(
              '"Action":"deny"',
              `"Permissions":${JSON.stringify(permissions)}`,
            ),
          }
        : undefined;
    const permissions = [
      { Action: "allow", HTTP: { PathPrefix: "/public", Methods: ["GET"] } },
      { Action: "allow", HTTP: { PathRegex: "(" } },
    ];
    await editor.create("web", "orders", "deny");
    await eventually(() => assert.equal(reader.newest?.intentions.length, 1), WITHIN);
    const [intention] = reader.newest?.intentions ?? [];
    assert.equal(intention?.action, undefined);
    assert.deepEqual(intention?.permissions, [
      {
        action: "allow",
        match: {
          path: { kind: "prefix", text: "/public" },
          methods: ["GET"],
          headers: [],
          query: [],
        },
      },
    ]);
    assert.match(reader.newest?.problems.join() ?? "", /^intention web → orders: PathRegex/);
  });

  it("stay in force, with a problem, when the token may no longer read all of them", async () => {
    await editor.create("web", "orders", "deny");
    await shows(["web → orders deny"]);
    const headers = { "x-consul-results-filtered-by-acls": "true" };
    proxy.forge = (path) =>
      path.startsWith("/v1/connect/intentions") ? { body: "[]", headers } : undefined;
    await editor.create("api", "orders", "deny");
    await eventually(() =>
      assert.match(reader.newest?.problems.join() ?? "", /^Consul hides intentions/),
    );
    await shows(["web → orders deny"]);
  });

  it("are not taken for none when the token may not read all of them from the beginning", async () => {
    let told = 0;
    proxy.forge = () => {
      told += 1;
      return { headers: { "x-consul-results-filtered-by-acls": "true" } };
    };
    using client = new ConsulClient({ address: proxy.address });
    await using later = new Reader(new ConsulIntentions({ client }));
    await eventually(() => assert.ok(told >= 2));
    assert.deepEqual(later.views, []);
  });

  const lies = {
    "it gives a page": { body: "<html>sorry</html>" },
    "it gives null": { body: "null" },
    "it fails": { status: 500, body: "No cluster leader" },
    "it refuses": { status: 403, body: "Permission denied" },
    "it has no leader": { body: "[]", headers: { "x-consul-knownleader": "false" } },
    "it cuts its answers": { ending: "cut" as const },
  };
  for (const [name, lie] of Object.entries(lies)) {
    for (const path of ["/v1/connect/intentions", "/v1/agent/self"]) {
      if (path === "/v1/agent/self" && name === "it has no leader") continue;
      it(`stay in force when ${name} to ${path}`, async () => {
        await editor.create("web", "orders", "deny");
        await shows(["web → orders deny"]);
        const seen = reader.views.length;
        let told = 0;
        proxy.forge = (asked) => {
          if (!asked.startsWith(path)) return undefined;
          told += 1;
          return lie;
        };
        await editor.create("*", "orders", "allow");
        await eventually(() => assert.ok(told >= 3));
        assert.equal(reader.views.length, seen);
        proxy.forge = () => undefined;
        await eventually(() => assert.equal(reader.newest?.intentions.length, 2), {
          timeout: 10_000,
        });
      });
    }
  }

  it("are not shown twice when nothing has changed", async () => {
    proxy.forge = () => ({ headers: { "x-consul-index": "0" } });
    await editor.create("web", "orders", "deny");
    await shows(["web → orders deny"]);
    const asked = proxy.requests.length;
    await eventually(() => assert.ok(proxy.requests.length > asked + 10));
    assert.equal(reader.views.length, 2);
  });
});

describe("the intentions of a Consul with access control", function () {
  this.timeout(60_000);
  it("deny what nothing is said of, and are read with the mesh's token", async () => {
    await using used = new AsyncDisposableStack();
    const consul = used.use(await startConsul({ token: TOKEN }));
    const client = used.use(new ConsulClient({ address: consul.address, token: TOKEN }));
    const reader = used.use(new Reader(new ConsulIntentions({ client })));
    await new Editor(consul.address, TOKEN).create("web", "orders", "allow");
    await eventually(() => assert.deepEqual(shown(reader.newest), ["web → orders allow"]));
    assert.equal(reader.newest?.defaultAction, "deny");
  });
});
