import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { interceptionRules } from "../../../plugin/docker/interception-rules.ts";
import { foreignRule } from "../../../plugin/launcher/rules.ts";

const PORTS = [
  { port: 8080, plaintextPort: 21_100 },
  { port: 9090, plaintextPort: 21_101 },
];

describe("rules that an init container may install", () => {
  for (const mtls of ["strict", "permissive"] as const)
    it(`are those of the agent, ${mtls}`, () => {
      for (const ports of [[], PORTS])
        assert.equal(foreignRule(interceptionRules(mtls, ports)), undefined);
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
      const rules = interceptionRules("strict", PORTS);
      assert.equal(foreignRule(`${rules}\n${line}`), line);
    });
});
