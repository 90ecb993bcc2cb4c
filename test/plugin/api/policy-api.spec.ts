import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "mocha";
import { createApi } from "../../../plugin/api/api.ts";
import type { CallerReport } from "../../../plugin/policy/caller-reports.ts";
import { type ServedApp, serveApp } from "../../helpers/served-app.ts";
import { apiSources, MemoryPolicyStore } from "./sources.ts";

interface Answer {
  readonly status: number;
  readonly etag: string | null;
  readonly body: {
    readonly service?: string;
    readonly version?: number;
    readonly document?: Readonly<Record<string, string>>;
    readonly fields?: readonly { readonly field: string }[];
    readonly error?: {
      readonly code: string;
      readonly message: string;
      readonly fields?: readonly { readonly field: string; readonly message: string }[];
    };
  };
}

const JSON_TYPE = { "content-type": "application/json" };
const FIRST = { ...JSON_TYPE, "if-none-match": "*" };
const ORDERS = "/v1/services/shop-orders/policy";

describe("policies by the API", () => {
  let store: MemoryPolicyStore;
  let server: ServedApp;

  beforeEach(async () => {
    store = new MemoryPolicyStore();
    const labels = { "retries.attempts": "3", "jwt.issuer": "https://login.example" };
    server = await serveApp(createApi(apiSources({ endpoints }, { store, labels })));
  });

  afterEach(async () => await server[Symbol.asyncDispose]());

  const endpoints = (service: string): readonly CallerReport[] => [
    {
      ...{ caller: "shop-web-1", callerService: "shop-web", endpoint: `${service}-a1`, port: 8080 },
      ...{ state: "ejected", reason: "5 in a row", since: 7, share: 0, ejections: 1 },
      ...{ latency: 12.5, active: 2 },
    },
  ];

  async function ask(path: string, init: RequestInit = {}): Promise<Answer> {
    const response = await fetch(`${server.origin}${path}`, init);
    const body = (await response.json()) as Answer["body"];
    return { status: response.status, etag: response.headers.get("etag"), body };
  }

  const put = (
    document: unknown,
    headers: Readonly<Record<string, string>> = FIRST,
    path = ORDERS,
  ): Promise<Answer> => ask(path, { method: "PUT", headers, body: JSON.stringify(document) });
  const match = (tag: string): Readonly<Record<string, string>> => ({
    ...JSON_TYPE,
    "if-match": tag,
  });
  const refused = (answer: Answer): readonly [number, string | undefined] => [
    answer.status,
    answer.body.error?.code,
  ];

  it("are empty, of version 0, before anybody has written one", async () => {
    assert.deepEqual(await ask(ORDERS), {
      ...{ status: 200, etag: '"0"' },
      body: { service: "shop-orders", version: 0, document: {} },
    });
  });

  it("are written nested or flat, and read as dotted names and texts", async () => {
    const { status, etag, body } = await put({
      ...{ balance: { algorithm: "random" }, "timeouts.request": "2s" },
      retries: { attempts: 2, on: ["5xx", "reset"] },
    });
    assert.deepEqual([status, etag, body.version], [200, '"1"', 1]);
    const document = {
      ...{ "balance.algorithm": "random", "retries.attempts": "2", "retries.on": "5xx,reset" },
      "timeouts.request": "2s",
    };
    assert.deepEqual(body.document, document);
    const read = await ask(ORDERS);
    assert.deepEqual([read.etag, read.body.document], ['"1"', document]);
  });

  it("are found by the short name that one project has, and as * for the whole mesh", async () => {
    await put({ audit: true }, FIRST, "/v1/services/orders/policy");
    assert.equal((await ask(ORDERS)).body.version, 1);
    await put({ audit: true }, FIRST, "/v1/services/*/policy");
    assert.equal((await ask("/v1/services/%2A/policy")).body.service, "*");
  });

  it("tell with ?effective=true every field, its value and its source", async () => {
    await put({ "balance.algorithm": "random" });
    await put({ "timeouts.connect": "2s", audit: true }, FIRST, "/v1/services/*/policy");
    const { fields = [] } = (await ask(`${ORDERS}?effective=true`)).body;
    const of = (name: string): unknown => fields.find(({ field }) => field === name);
    for (const [field, value, source] of [
      ["balance.algorithm", "random", "policy"],
      ["retries.attempts", "3", "label"],
      ["timeouts.connect", "2s", "mesh"],
      ["balance.choices", "2", "default"],
    ]) {
      assert.deepEqual(of(field ?? ""), { field, value, source });
    }
  });

  describe("of a service that is not known", () => {
    for (const path of ["/v1/services/ordres", "/v1/services/SHOP-ORDERS", "/v1/services/a%2Fb"]) {
      it(`are not found at ${path}`, async () => {
        for (const method of ["GET", "PUT", "DELETE"]) {
          const answer = await ask(`${path}/policy`, {
            ...{ method, headers: FIRST },
            ...(method === "PUT" ? { body: "{}" } : {}),
          });
          assert.deepEqual(refused(answer), [404, "SERVICE_UNKNOWN"]);
        }
      });
    }

    it("suggest the name that was meant", async () => {
      const { body } = await ask("/v1/services/shop-ordres/policy");
      assert.match(body.error?.message ?? "", /did you mean shop-orders\?$/);
    });

    it("are written with ?create=true, unless that can be no name", async () => {
      const later = await put({ audit: true }, FIRST, "/v1/services/shop-later/policy?create=true");
      assert.deepEqual([later.status, later.body.service], [200, "shop-later"]);
      const none = await put({ audit: true }, FIRST, "/v1/services/Shop_Later/policy?create=true");
      assert.deepEqual(refused(none), [404, "SERVICE_UNKNOWN"]);
    });
  });

  describe("that are wrong", () => {
    it("are refused with all that is wrong, and the one in force stays", async () => {
      await put({ "balance.algorithm": "random" });
      const answer = await put(
        { balance: { algorithmus: "random" }, timeouts: { request: "-1s" }, split: "v1=50,v2=60" },
        match('"1"'),
      );
      assert.deepEqual(refused(answer), [422, "POLICY_INVALID"]);
      const { fields = [], message } = answer.body.error ?? {};
      assert.deepEqual(
        fields.map(({ field }) => field),
        ["balance.algorithmus", "split", "timeouts.request"],
      );
      assert.equal(
        message,
        "the policy of shop-orders is refused, nothing was changed: 3 problems",
      );
      assert.deepEqual((await ask(ORDERS)).body.document, { "balance.algorithm": "random" });
    });

    it("because of what only makes sense with labels are judged together with these", async () => {
      const jwks = { "jwt.jwks": "https://login.example/keys" };
      assert.equal((await put(jwks)).status, 200);
      const web = await put(jwks, FIRST, "/v1/services/shop-web/policy");
      assert.deepEqual(refused(web), [422, "POLICY_INVALID"]);
    });

    for (const [what, text] of [
      ["a prototype", '{"__proto__": {"balance.algorithm": "random"}}'],
      ["a constructor", '{"constructor": {"prototype": {"audit": true}}}'],
      ["what every object has", '{"toString": "x"}'],
      ["an array", "[]"],
      ["nothing", "null"],
      ["a text", '"audit"'],
      ["too deep an object", `${'{"a":'.repeat(400)}1${"}".repeat(400)}`],
    ] as const) {
      it(`for holding ${what} are refused, and leave no trace`, async () => {
        const answer = await ask(ORDERS, { method: "PUT", headers: FIRST, body: text });
        assert.deepEqual(refused(answer), [422, "POLICY_INVALID"]);
        assert.equal(({} as { audit?: unknown }).audit, undefined);
        assert.equal((await ask(ORDERS)).body.version, 0);
      });
    }
  });

  describe("of which somebody says which version is replaced", () => {
    beforeEach(async () => void (await put({ audit: true })));

    for (const [headers, status] of [
      [match('"1"'), 200],
      [match('"0", "1"'), 200],
      [match("*"), 200],
      [match('"2"'), 412],
      [match('"0"'), 412],
      [match('W/"1"'), 412],
      [match("1"), 412],
      [match(""), 412],
      [FIRST, 412],
      [{ ...match('"1"'), "if-none-match": "*" }, 412],
      [JSON_TYPE, 428],
    ] as const) {
      const { "content-type": _, ...conditions } = headers as Readonly<Record<string, string>>;
      it(`answer ${status} to ${JSON.stringify(conditions)}`, async () => {
        const answer = await put({ audit: false }, headers);
        assert.equal(answer.status, status);
        const changed = status === 200;
        assert.equal((await ask(ORDERS)).body.version, changed ? 2 : 1);
      });
    }

    it("are one writer's when two write at once, and the other one is told", async () => {
      const answers = await Promise.all([
        put({ audit: false }, match('"1"')),
        put({ allow: "web" }, match('"1"')),
      ]);
      assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 412]);
      assert.equal((await ask(ORDERS)).body.version, 2);
    });

    it("stay in the version they have when nothing about them changes", async () => {
      const { status, etag } = await put({ audit: "true" }, match('"1"'));
      assert.deepEqual([status, etag], [200, '"1"']);
    });
  });

  it("are taken away by DELETE, which is a version too", async () => {
    await put({ audit: true });
    assert.equal((await ask(ORDERS, { method: "DELETE" })).status, 428);
    const headers = { "if-match": '"1"' };
    const { status, body } = await ask(ORDERS, { method: "DELETE", headers });
    assert.deepEqual([status, body.version, body.document], [200, 2, {}]);
  });

  describe("of before", () => {
    beforeEach(async () => {
      await put({ audit: true });
      await put({ "balance.algorithm": "random" }, match('"1"'));
    });

    it("are listed with what was done, newest first", async () => {
      const { body } = await ask(`${ORDERS}/history`);
      const { versions } = body as { readonly versions?: readonly unknown[] };
      assert.deepEqual(versions, [
        {
          ...{ service: "shop-orders", version: 2, writtenAt: 2_000 },
          document: { "balance.algorithm": "random" },
          note: "set balance.algorithm; unset audit",
        },
        {
          ...{ service: "shop-orders", version: 1, writtenAt: 1_000 },
          ...{ document: { audit: "true" }, note: "set audit" },
        },
      ]);
    });

    const rollback = (body: unknown, headers: Readonly<Record<string, string>> = JSON_TYPE) =>
      ask(`${ORDERS}/rollback`, { method: "POST", headers, body: JSON.stringify(body) });

    it("come back as a new version", async () => {
      const { status, etag, body } = await rollback({ version: 1 });
      assert.deepEqual([status, etag, body.document], [200, '"3"', { audit: "true" }]);
    });

    for (const body of [{ version: 7 }, { version: "1" }, { version: -1 }, {}, [], null, "1"]) {
      it(`do not come back for ${JSON.stringify(body)}`, async () => {
        const answer = await rollback(body);
        assert.deepEqual(refused(answer), [422, "POLICY_INVALID"]);
        assert.equal(answer.body.error?.fields?.[0]?.field, "version");
        assert.equal((await ask(ORDERS)).body.version, 2);
      });
    }

    it("do not come back over a version that is not the one that was meant", async () => {
      const answer = await rollback({ version: 1 }, match('"1"'));
      assert.deepEqual(refused(answer), [412, "POLICY_CONFLICT"]);
    });
  });

  describe("in a body that cannot be read", () => {
    for (const [what, init, status, code] of [
      ["that is no JSON", { body: "{audit: true}" }, 400, "BODY_MALFORMED"],
      ["that is no UTF-8", { body: Buffer.from([0x7b, 0x7d, 0xff]) }, 400, "BODY_MALFORMED"],
      [
        "with letters that are no UTF-8",
        { body: Buffer.from('{"route.a.path": "/caf\xe9"}', "latin1") },
        ...([400, "BODY_MALFORMED"] as const),
      ],
      ["that is empty", { body: "" }, 400, "BODY_MALFORMED"],
      ["of more than 32 KiB", { body: `"${"a".repeat(33_000)}"` }, 413, "BODY_TOO_LARGE"],
      [
        "of another type",
        { body: "audit=true", headers: { ...FIRST, "content-type": "text/plain" } },
        ...([415, "BODY_UNSUPPORTED"] as const),
      ],
      [
        "of a type that only begins so",
        { body: "{}", headers: { ...FIRST, "content-type": "application/json-seq" } },
        ...([415, "BODY_UNSUPPORTED"] as const),
      ],
      [
        "that is compressed",
        { body: "{}", headers: { ...FIRST, "content-encoding": "gzip" } },
        ...([415, "BODY_UNSUPPORTED"] as const),
      ],
      [
        "in another charset",
        { body: "{}", headers: { ...FIRST, "content-type": "application/json; charset=x" } },
        ...([415, "BODY_UNSUPPORTED"] as const),
      ],
    ] as const) {
      it(`${what} are refused with ${status}`, async () => {
        const answer = await ask(ORDERS, { method: "PUT", headers: FIRST, ...init });
        assert.deepEqual(refused(answer), [status, code]);
        assert.equal((await ask(ORDERS)).body.version, 0);
      });
    }
  });

  for (const [path, method, allowed] of [
    ["policy", "POST", "GET, HEAD, PUT, DELETE"],
    ["policy/history", "PUT", "GET, HEAD"],
    ["policy/rollback", "GET", "POST"],
    ["endpoints", "DELETE", "GET, HEAD"],
  ] as const) {
    it(`answer 405 to ${method} of ${path}`, async () => {
      const response = await fetch(`${server.origin}/v1/services/shop-orders/${path}`, { method });
      assert.deepEqual([response.status, response.headers.get("allow")], [405, allowed]);
      await response.body?.cancel();
    });
  }

  for (const path of ["/v1/services", "/v1/services/shop-orders", "/v1/services/%ff/policy"]) {
    it(`answer 404 to ${path}`, async () => {
      assert.deepEqual(refused(await ask(path)), [404, "NOT_FOUND"]);
    });
  }

  it("have endpoints beside them, as their callers see them", async () => {
    const { body } = await ask("/v1/services/orders/endpoints");
    assert.deepEqual(body, { service: "shop-orders", endpoints: endpoints("shop-orders") });
  });
});
