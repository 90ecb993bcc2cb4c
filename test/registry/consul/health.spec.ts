import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { Health } from "../../../mesh/model.ts";
import { fromChecks, toCheckUpdate } from "../../../registry/consul/health.ts";
import type { HealthCheck } from "../../../registry/consul/types.ts";

const check = (Status: string, Output: string): HealthCheck => ({ CheckID: "any", Status, Output });
const alive = check("passing", "Agent alive and reachable");

describe("health in Consul", () => {
  const updates: readonly (readonly [Health, string, string, string])[] = [
    ["passing", "200 OK", "passing", "200 OK"],
    ["passing", "", "passing", "passing: "],
    ["warning", "slow", "warning", "slow"],
    ["critical", "connection refused", "critical", "connection refused"],
    ["critical", "", "critical", "critical: "],
    ["critical", "draining the pool failed", "critical", "critical: draining the pool failed"],
    ["draining", "stopping", "critical", "draining: stopping"],
    ["draining", "", "critical", "draining: "],
    ["warning", "x".repeat(600), "warning", "x".repeat(500)],
  ];
  for (const [health, note, status, written] of updates) {
    it(`says ${status} "${written.slice(0, 40)}" for ${health} "${note.slice(0, 40)}"`, () => {
      assert.deepEqual(toCheckUpdate({ health, note }), { status, note: written });
    });
    it(`reads ${health} back from "${written.slice(0, 40)}"`, () => {
      assert.deepEqual(fromChecks([alive, check(status, written)]), {
        health,
        silent: false,
        nodeLost: false,
      });
    });
  }

  const dead: HealthCheck = {
    CheckID: "serfHealth",
    Status: "critical",
    Output: "Agent not live or unreachable",
  };
  const draining = check("critical", "draining: stopping");
  const expired = check("critical", "TTL expired (last output before timeout follows): 200 OK");
  const readings: readonly (readonly [string, readonly HealthCheck[], Health, boolean])[] = [
    ["a lost node", [dead, check("passing", "200 OK")], "passing", false],
    ["draining on a lost node", [dead, draining], "draining", false],
    ["a check nobody has fed yet", [alive, check("critical", "")], "critical", true],
    ["a check that expired", [alive, expired], "critical", true],
    ["an expired check on a lost node", [dead, expired], "critical", true],
    ["a foreign warning beside passing", [check("warning", "disk"), alive], "warning", false],
    ["a foreign failure beside draining", [check("critical", "disk"), draining], "critical", false],
    ["no checks at all", [], "passing", false],
  ];
  for (const [name, checks, health, silent] of readings) {
    it(`reads ${health} from ${name}`, () => {
      assert.deepEqual(fromChecks(checks), { health, silent, nodeLost: checks.includes(dead) });
    });
  }
});
