import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { type Interception, interceptionRules } from "../../../plugin/docker/interception-rules.ts";
import { foreignRule } from "../../../plugin/launcher/rules.ts";

const PORTS = [
  { port: 8080, plaintextPort: 21_100 },
  { port: 9090, plaintextPort: 21_101 },
];

const AROUND = {
  subnets: ["198.18.0.0/16", "fd00:1::/64"],
  gateways: ["198.18.0.1", "fd00:1::1"],
  nameServers: [],
};
const EGRESS: readonly Interception["egress"][] = [
  "allow",
  { ...AROUND, hosts: [], ranges: [] },
  {
    ...AROUND,
    nameServers: ["198.18.9.9", "fd00:9::9"],
    hosts: [
      { name: "api.example.com", port: 443 },
      { name: "*.example.org", port: 8443 },
    ],
    ranges: [
      { range: "203.0.113.0/24", version: 4, port: 443 },
      { range: "2001:db8::/32", version: 6, port: undefined },
      { range: "203.0.113.7", version: 4, port: undefined },
    ],
  },
];

describe("rules that an init container may install", () => {
  for (const mtls of ["strict", "permissive"] as const)
    it(`are those of the agent, ${mtls}`, () => {
      for (const redirected of [[], PORTS])
        for (const egress of EGRESS)
          assert.equal(foreignRule(interceptionRules({ mtls, redirected, egress })), undefined);
    });

  for (const line of [
    'include "/etc/shadow"',
    '    include "/etc/shadow"',
    "flush ruleset",
    "table ip nat {",
    "delete table ip nat",
    "  chain other {",
    "    type nat hook output priority -110; policy drop;",
    "    ip daddr 10.0.0.1 accept; flush ruleset",
    "    ip daddr $name accept",
    "    ip daddr @set accept",
    "    queue num 1",
    "    log prefix x",
    "    jump other",
    "    # words",
    "    ip daddr 10.0.0.1 accept\\",
    "define x = 1",
    "",
    "-f",
    "add table ip x",
  ])
    it(`are not ${JSON.stringify(line)}`, () => {
      const rules = interceptionRules({ mtls: "strict", redirected: PORTS, egress: "allow" });
      assert.equal(foreignRule(`${rules}\n${line}`), line);
    });
});
