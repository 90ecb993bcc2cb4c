// The verbs that only show, against an agent's real API.
import assert from "node:assert/strict";
import { once } from "node:events";
import { afterEach, describe, it } from "mocha";
import type { ApiSources } from "../../../plugin/api/api.ts";
import type { CertificateView } from "../../../plugin/certificates/certificate-list.ts";
import { readPlan } from "../../../plugin/commands/plan.ts";
import type { IntentionsAnswer } from "../../../plugin/policy/ranked-intentions.ts";
import { AGENT_VERSION } from "../../../plugin/version.ts";
import { exampleStatus } from "./example-status.ts";
import { fakeEngine } from "./fake-engine.ts";
import { done, PolicyRig } from "./policy-rig.ts";

const CERTIFICATES: readonly CertificateView[] = [
  {
    ...{ service: "shop-orders", container: "shop-orders-1" },
    identity: "spiffe://5a1f4b4e.consul/ns/default/dc/dc1/svc/shop-orders",
    ...{
      trustDomain: "5a1f4b4e.consul",
      issuer: "pri-1a2b.consul.ca.5a1f4b4e.consul",
      serial: "0123456789abcdef",
    },
    ...{ notBefore: 0, notAfter: 1_000 },
  },
  { service: "shop-web", container: "shop-web-1" },
];

const INTENTIONS: IntentionsAnswer = {
  intentions: [
    {
      source: "shop-web",
      destination: "shop-orders",
      action: "allow",
      precedence: 9,
      permissions: [],
    },
    {
      ...{ source: "*", destination: "shop-orders", precedence: 8 },
      permissions: [
        { action: "allow", match: { "path-prefix": "/public", methods: "GET" } },
        { action: "deny", match: {} },
      ],
    },
    { source: "*", destination: "*", action: "deny", precedence: 0, permissions: [] },
  ],
  ...{ left: 2, problems: [] },
};

const ROUTES = {
  "route.canary.headers": "x-canary=1",
  "route.canary.split": "v2=100",
  "route.api.path-prefix": "/api/",
  "route.api.service": "shop-api",
  "route.api.rewrite": "/",
  "route.api.timeout": "2s",
  "route.api.request-set": "x-via=mesh",
  "route.old.path": "/old",
  "route.old.redirect": "/new",
  "route.away.path": "/away",
  "route.away.enabled": "false",
};

const PLAN =
  "attach shop-orders-1: has no sidecar\nregister shop-web-b1: workload and sidecar are ready\n";

const SOURCES: Partial<ApiSources> = {
  certificates: () => CERTIFICATES,
  intentions: () => INTENTIONS,
  plan: () => PLAN,
};

const SHOWN: readonly (readonly [string, string])[] = [
  [
    "services",
    [
      "NAME             PROTOCOL   PORTS        ENDPOINTS   POLICY      REQUESTS/S   ERRORS",
      "shop-inventory   http       8080         1/2         version 3   -            -",
      "shop-orders      http       8080, 9090   1/1         -           -            -",
      "shop-redis       tcp        6379         1/1         -           -            -",
    ].join("\n"),
  ],
  ["services -q", "shop-inventory\nshop-orders\nshop-redis"],
  [
    "services --format json",
    [
      '{"Name":"shop-inventory","Protocol":"http","Ports":[8080],"Endpoints":"1/2","Policy":3,"Requests":null,"Errors":null,"Healthy":1,"Instances":2}',
      '{"Name":"shop-orders","Protocol":"http","Ports":[8080,9090],"Endpoints":"1/1","Policy":0,"Requests":null,"Errors":null,"Healthy":1,"Instances":1}',
      '{"Name":"shop-redis","Protocol":"tcp","Ports":[6379],"Endpoints":"1/1","Policy":0,"Requests":null,"Errors":null,"Healthy":1,"Instances":1}',
    ].join("\n"),
  ],
  [
    "certs",
    [
      "SERVICE       WORKLOAD        IDENTITY                              EXPIRES IN   SERIAL         ISSUER",
      "shop-orders   shop-orders-1   …/ns/default/dc/dc1/svc/shop-orders   expired      0123456789ab   pri-1a2b.consul.ca.5a1f4b4e.con…",
      "shop-web      shop-web-1      -                                     -            -              -",
    ].join("\n"),
  ],
  [
    "intentions",
    [
      "SOURCE     DESTINATION   ACTION           PRECEDENCE   PERMISSIONS",
      "shop-web   shop-orders   allow            9            -",
      "*          shop-orders   by permissions   8            allow path-prefix=/public methods=GET, deny any request",
      "*          *             deny             default      -",
      "(2 more)",
    ].join("\n"),
  ],
  [
    "plan",
    [
      "STEP       SUBJECT         CAUSE",
      "attach     shop-orders-1   has no sidecar",
      "register   shop-web-b1     workload and sidecar are ready",
    ].join("\n"),
  ],
  [
    "routes orders",
    [
      "ROUTE     CONDITIONS           TARGET        SPLIT     EDITS                               SETS         SOURCE",
      "old       path=/old            302 /new      -         -                                   -            policy",
      "api       path-prefix=/api/    shop-api      -         request-set=x-via=mesh, rewrite=/   timeout=2s   policy",
      "canary    headers=x-canary=1   shop-orders   v2 100%   -                                   -            policy",
    ].join("\n"),
  ],
  ["routes -q orders", "old\napi\ncanary"],
  ["version", `docker mesh version ${AGENT_VERSION}\nagent: 0.1.0, on node-1 with engine 28.5.2`],
  [
    "version --format json",
    `{"Client":{"Version":"${AGENT_VERSION}"},"Agent":{"Version":"0.1.0","Node":"node-1","Engine":"28.5.2"}}`,
  ],
];

/** Blanks stand in the templates. */
const TEMPLATES: readonly (readonly [readonly string[], string])[] = [
  [
    ["services", "--format", "table {{.Name}}\\t{{.Ports}}"],
    "NAME             PORTS\nshop-inventory   8080\nshop-orders      8080, 9090\nshop-redis       6379",
  ],
  [
    ["services", "--format", "{{.Name}}{{range .Ports}} {{.}}{{end}}"],
    "shop-inventory 8080\nshop-orders 8080 9090\nshop-redis 6379",
  ],
  [
    ["certs", "--format", "{{.TrustDomain}} {{.Serial}} {{.ExpiresAt}}"],
    "5a1f4b4e.consul 0123456789abcdef 1970-01-01T00:00:01.000Z\n  ",
  ],
  [
    ["intentions", "--format", '{{.Action}}: {{join .Permissions "; "}}'],
    "allow: \nby permissions: allow path-prefix=/public methods=GET; deny any request\ndeny: ",
  ],
  [
    ["routes", "orders", "--format", "{{.Name}} {{json .Edits}}"],
    'old []\napi ["request-set=x-via=mesh","rewrite=/"]\ncanary []',
  ],
  [["plan", "--format", "{{.Step}} {{.Subject}}"], "attach shop-orders-1\nregister shop-web-b1"],
  [["version", "--format", "{{.Client.Version}} {{.Agent.Node}}"], `${AGENT_VERSION} node-1`],
  [
    ["status", "--format", "{{.Service}} {{.Health}}"],
    exampleStatus.workloads.map(({ service, health }) => `${service} ${health}`).join("\n"),
  ],
  [["endpoints", "orders", "--format", "{{.Endpoint}} {{.State}}"], "shop-orders-a1 healthy"],
  [
    ["policy", "get", "orders", "--format", "{{.Field}}={{.Value}} ({{.Source}})"],
    "retries.attempts=3 (label)",
  ],
  [["policy", "history", "orders", "--format", "{{.Version}}: {{len .Fields}}"], "1: 11"],
];

describe("the verbs that show", () => {
  let rig: PolicyRig | undefined;

  afterEach(async () => {
    await rig?.[Symbol.asyncDispose]();
    rig = undefined;
  });

  for (const [line, output] of SHOWN) {
    it(`docker mesh ${line}`, async () => {
      rig = await PolicyRig.start(SOURCES);
      if (line.includes("routes")) await rig.set(ROUTES);
      assert.deepEqual(await rig.run(line), done(`${output}\n`));
    });
  }

  for (const [args, output] of TEMPLATES) {
    it(`docker mesh ${args.join(" ")}`, async () => {
      rig = await PolicyRig.start(SOURCES);
      if (["routes", "history"].some((word) => args.includes(word))) await rig.set(ROUTES);
      assert.deepEqual(await rig.run(args), done(`${output}\n`));
    });
  }

  it("cuts nothing with --no-trunc", async () => {
    rig = await PolicyRig.start(SOURCES);
    const { output } = await rig.run("certs --no-trunc");
    assert.match(
      output,
      / spiffe:\/\/5a1f4b4e\.consul\/ns\/default\/dc\/dc1\/svc\/shop-orders .* 0123456789abcdef {3}pri-1a2b\.consul\.ca\.5a1f4b4e\.consul\n/,
    );
  });

  it("says that there is nothing to do", async () => {
    rig = await PolicyRig.start();
    assert.deepEqual(await rig.run("plan"), done("Nothing to do.\n"));
    assert.deepEqual(await rig.run("plan --format json"), done(""));
  });

  it("takes nothing for a plan that is none", () => {
    assert.throws(() => readPlan("<html>\n"), { code: "AGENT_UNAVAILABLE" });
  });

  it("shows its own version where no agent is, without failing", async () => {
    rig = await PolicyRig.start();
    const nowhere = { DOCKER_HOST: `unix://${rig.directory}/none.sock` };
    const { code, output } = await rig.run("version", nowhere);
    assert.equal(code, 0);
    assert.match(
      output,
      /^docker mesh version [0-9.]+\nagent: none reached: cannot reach the engine at /,
    );
    const json = await rig.run("version --format json", nowhere);
    assert.equal(json.output, `{"Client":{"Version":"${AGENT_VERSION}"},"Agent":null}\n`);
    const template = await rig.run("version --format {{.Agent.Version}}", nowhere);
    assert.equal(template.output, "<no value>\n");
  });

  it("names the service that was probably meant", async () => {
    rig = await PolicyRig.start();
    const { code, error } = await rig.run("routes ordrs");
    assert.deepEqual(
      [code, error],
      [1, 'no service named "ordrs" is known: did you mean orders?\n'],
    );
  });

  for (const line of ["certs", "intentions"]) {
    it(`says that the agent is of an earlier version, which has no ${line}`, async () => {
      const body = JSON.stringify({ error: { code: "NOT_FOUND", message: "expected a path" } });
      const output = JSON.stringify({ status: 404, body });
      const { server } = fakeEngine({ output, error: "", exitCode: 0 });
      rig = await PolicyRig.start();
      const path = `${rig.directory}/earlier.sock`;
      server.listen(path);
      await once(server, "listening");
      const { code, error } = await rig.run(line, { DOCKER_HOST: `unix://${path}` });
      server.close();
      server.closeAllConnections();
      assert.equal(code, 1);
      assert.match(error, /^the agent's answer is none that this command .* understands: install /);
    });
  }
});
