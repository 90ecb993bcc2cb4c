// Intentions as the versions of Consul answer them.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { mapIntentions } from "../../../registry/consul/intention-mapping.ts";
import { defaultActionOf } from "../../../registry/consul/intentions.ts";
import type { AgentSelf, ConsulIntention } from "../../../registry/consul/types.ts";

const PAIR = {
  ...{ SourceName: "web", SourceNS: "default", SourceType: "consul" },
  ...{ DestinationName: "orders", DestinationNS: "default" },
};
const ANYTHING = { path: undefined, methods: [], headers: [], query: [] };

const map = (fields: object): ReturnType<typeof mapIntentions> =>
  mapIntentions([{ ...PAIR, ...fields } as ConsulIntention]);

/** What a permission of Consul's is to the mesh. */
function mapHttp(action: "allow" | "deny", http: object): ReturnType<typeof mapIntentions> {
  const other = { Action: "deny", HTTP: { PathExact: "/other" } };
  return map({ Permissions: [{ Action: action, HTTP: http }, other] });
}

describe("an intention of Consul's", () => {
  for (const action of ["allow", "deny"] as const) {
    it(`says ${action}`, () => {
      assert.deepEqual(map({ Action: action }), {
        intentions: [{ source: "web", destination: "orders", action, permissions: [] }],
        problems: [],
      });
    });
  }

  const header = (fields: object): object => ({ Header: [{ Name: "X-Team", ...fields }] });
  const field = { name: "x-team", text: "", matcher: undefined };
  const conditions: readonly (readonly [name: string, http: object, match: object])[] = [
    ["nothing", {}, {}],
    ["an exact path", { PathExact: "/a" }, { path: { kind: "exact", text: "/a" } }],
    ["a prefix", { PathPrefix: "/a" }, { path: { kind: "prefix", text: "/a" } }],
    ["methods", { Methods: ["get", "POST"] }, { methods: ["GET", "POST"] }],
    ["a header", header({ Present: true }), { headers: [{ ...field, kind: "present" }] }],
    [
      "the absence of a header",
      header({ Present: true, Invert: true }),
      { headers: [{ ...field, kind: "absent" }] },
    ],
    ["a value", header({ Exact: "A" }), { headers: [{ ...field, kind: "exact", text: "A" }] }],
    [
      "another value",
      header({ Exact: "A", Invert: true }),
      { headers: [{ ...field, kind: "not", text: "A" }] },
    ],
    [
      "a beginning",
      header({ Prefix: "A" }),
      { headers: [{ ...field, kind: "prefix", text: "A" }] },
    ],
    ["an end", header({ Suffix: "A" }), { headers: [{ ...field, kind: "suffix", text: "A" }] }],
    [
      "what is not set",
      { PathExact: "", PathPrefix: "/a", PathRegex: "", Methods: null, Header: null, Later: null },
      { path: { kind: "prefix", text: "/a" } },
    ],
    [
      "a header of which little is set",
      header({
        Present: false,
        Exact: "",
        Prefix: "A",
        Regex: "",
        Invert: false,
        IgnoreCase: false,
      }),
      { headers: [{ ...field, kind: "prefix", text: "A" }] },
    ],
  ];
  for (const [name, http, match] of conditions) {
    it(`narrows requests by ${name}`, () => {
      for (const action of ["allow", "deny"] as const) {
        const { intentions, problems } = mapHttp(action, http);
        assert.deepEqual(problems, []);
        assert.equal(intentions[0]?.action, undefined);
        assert.deepEqual(intentions[0]?.permissions[0], {
          action,
          match: { ...ANYTHING, ...match },
        });
        assert.equal(intentions[0]?.permissions.length, 2);
      }
    });
  }

  it("narrows requests by expressions that fit the whole text", () => {
    const http = { PathRegex: "/a/[0-9]+", ...header({ Regex: "a|b" }) };
    const { match } = mapHttp("allow", http).intentions[0]?.permissions[0] ?? {};
    assert.ok(match?.path?.kind === "regex");
    assert.deepEqual(["/a/12", "/a/", "/a/1/b"].map(match.path.matcher.test), [true, false, false]);
    const [team] = match.headers;
    assert.deepEqual(
      ["a", "b", "ab"].map((text) => team?.matcher?.test(text)),
      [true, true, false],
    );
  });

  // The condition beside the one that cannot be followed.
  const rest = { ...ANYTHING, methods: ["POST"] };
  const obscure: readonly (readonly [name: string, http: object, problem: RegExp])[] = [
    ["a path that is no expression", { PathRegex: "(" }, /PathRegex "\(" is no expression/],
    ["a path with a back reference", { PathRegex: "/(a)\\1" }, /linear time/],
    ["a header with look-ahead", header({ Regex: "(?=a)" }), /header X-Team: Regex .*linear time/],
    ["another beginning", header({ Prefix: "A", Invert: true }), /Invert of prefix/],
    ["another end", header({ Suffix: "A", Invert: true }), /Invert of suffix/],
    ["no such expression", header({ Regex: "a", Invert: true }), /Invert of regex/],
    ["part of a header", header({ Contains: "a" }), /header X-Team: Contains is not understood/],
    [
      "letters of any case",
      header({ Exact: "a", IgnoreCase: true }),
      /IgnoreCase is not understood/,
    ],
    ["what is to come", { Later: { a: 1 } }, /Later is not understood/],
  ];
  for (const [name, http, problem] of obscure) {
    it(`that narrows by ${name} allows nothing by it, and denies without it`, () => {
      const allowing = mapHttp("allow", { ...http, Methods: ["POST"] });
      assert.deepEqual(
        allowing.intentions[0]?.permissions.map(({ action }) => action),
        ["deny"],
      );
      const denying = mapHttp("deny", { ...http, Methods: ["POST"] });
      assert.deepEqual(denying.intentions[0]?.permissions[0], { action: "deny", match: rest });
      for (const { problems } of [allowing, denying]) {
        assert.equal(problems.length, 1);
        assert.match(problems[0] ?? "", /^intention web → orders: /);
        assert.match(problems[0] ?? "", problem);
      }
    });
  }

  it("denies when all that it allows cannot be followed", () => {
    const { intentions } = map({
      Permissions: [{ Action: "allow", HTTP: { PathRegex: "(" } }],
      Action: "allow",
    });
    assert.deepEqual(intentions, [
      { source: "web", destination: "orders", action: "deny", permissions: [] },
    ]);
  });

  const suspicious: readonly (readonly [name: string, fields: object, problem: RegExp])[] = [
    ["without action", {}, /expected allow or deny, got undefined/],
    ["with another action", { Action: "log" }, /expected allow or deny, got "log"/],
    ["that needs a token", { Action: "allow", JWT: { Providers: [{}] } }, /JWT cannot be verified/],
    [
      "with permissions that need a token",
      { JWT: { Providers: [{}] }, Permissions: [{ Action: "allow", HTTP: {} }] },
      /JWT cannot be verified/,
    ],
    [
      "with a permission that needs a token",
      { Permissions: [{ Action: "allow", HTTP: {}, JWT: { Providers: [{}] } }] },
      /JWT is not understood, so that the permission allows nothing/,
    ],
  ];
  for (const [name, fields, problem] of suspicious) {
    it(`${name} denies, and says so`, () => {
      const { intentions, problems } = map(fields);
      assert.deepEqual(
        intentions.map(({ action, permissions }) => [action, permissions]),
        [["deny", []]],
      );
      assert.match(problems.join("\n"), problem);
    });
  }

  it("with a permission of another action denies what that speaks of", () => {
    const http = { PathExact: "/a" };
    const { intentions } = map({ Permissions: [{ Action: "log", HTTP: http }] });
    assert.deepEqual(intentions[0]?.permissions[0]?.action, "deny");
  });

  const foreign = [
    { SourceNS: "team" },
    { DestinationNS: "team" },
    { SourcePartition: "other" },
    { DestinationPartition: "other" },
    { SourcePeer: "west" },
    { SourceSamenessGroup: "all" },
    { SourceType: "external" },
  ];
  for (const fields of foreign) {
    it(`with ${Object.entries(fields).join()} speaks of other services`, () => {
      assert.deepEqual(map({ Action: "allow", ...fields }), { intentions: [], problems: [] });
    });
  }

  it("speaks of these services with any namespace and the default partition", () => {
    const fields = { SourceNS: "*", SourcePartition: "default", SourcePeer: "" };
    assert.equal(map({ Action: "deny", ...fields }).intentions.length, 1);
  });
});

describe("pairs that no intention speaks of", () => {
  const settings: readonly (readonly [string, AgentSelf["DebugConfig"], "allow" | "deny"])[] = [
    ["without settings", undefined, "allow"],
    ["with no settings", null, "allow"],
    ["without access control", { ACLsEnabled: false, ACLDefaultPolicy: "deny" }, "allow"],
    ["with open access control", { ACLsEnabled: true, ACLDefaultPolicy: "allow" }, "allow"],
    ["with closed access control (1.8)", { ACLsEnabled: true, ACLDefaultPolicy: "deny" }, "deny"],
    [
      "with closed access control (1.10 and later)",
      { ACLsEnabled: true, ACLResolverSettings: { ACLDefaultPolicy: "deny", ACLsEnabled: true } },
      "deny",
    ],
    [
      "without access control (1.10 and later)",
      { ACLResolverSettings: { ACLDefaultPolicy: "deny", ACLsEnabled: false } },
      "allow",
    ],
    [
      "with a policy of their own that denies",
      { DefaultIntentionPolicy: "deny", ACLsEnabled: false },
      "deny",
    ],
    [
      "with a policy of their own that allows",
      { DefaultIntentionPolicy: "allow", ACLsEnabled: true, ACLDefaultPolicy: "deny" },
      "allow",
    ],
    [
      "with an unset policy of their own",
      { DefaultIntentionPolicy: "", ACLsEnabled: true, ACLDefaultPolicy: "deny" },
      "deny",
    ],
  ];
  for (const [name, DebugConfig, expected] of settings) {
    it(`are decided by ${expected} ${name}`, () => {
      const Config = { Datacenter: "dc1", Version: "1.8.7" };
      const self = DebugConfig === undefined ? { Config } : { Config, DebugConfig };
      assert.equal(defaultActionOf(self), expected);
    });
  }
});
