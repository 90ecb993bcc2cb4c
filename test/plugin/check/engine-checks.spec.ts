import assert from "node:assert/strict";
import { describe, it } from "mocha";
import {
  type EngineFindings,
  engineChecks,
  versionCheck,
} from "../../../plugin/check/engine-checks.ts";

const AGENT = {
  ...{ container: "mesh-agent-1", state: "running" },
  ...{ image: "docker-mesh/mesh:0.1.0", hasImage: true },
};
const WELL: EngineFindings = {
  ...{ address: "unix:///var/run/docker.sock", version: "28.5.2", apiVersion: "1.51" },
  ...{ securityOptions: ["name=seccomp,profile=builtin", "name=cgroupns"], agents: [AGENT] },
};

const shown = (changes: Partial<EngineFindings>): string[] =>
  engineChecks({ ...WELL, ...changes }).map(
    ({ name, state, found, cure }) => `${name} ${state}: ${found} ${cure}`,
  );

describe("the checks of an engine", () => {
  it("find nothing wrong with one that has an agent", () => {
    assert.deepEqual(shown({}), [
      "engine fine: Docker 28.5.2, API 1.51, at unix:///var/run/docker.sock ",
      "agent fine: one runs, mesh-agent-1 ",
      "image fine: docker-mesh/mesh:0.1.0, of which sidecars are made, is there ",
    ]);
  });

  for (const [what, changes, expected] of [
    ["no agent", { agents: [] }, /^agent failed: no agent .*docker mesh up/],
    [
      "an agent that was stopped",
      { agents: [{ ...AGENT, state: "exited" }] },
      /^agent failed: the agent does not run: mesh-agent-1 \(exited\) see `docker logs mesh-agent-1`/,
    ],
    [
      "two agents",
      { agents: [AGENT, { ...AGENT, container: "other" }] },
      /^agent failed: several agents run: mesh-agent-1 \(running\), other \(running\) stop all but one/,
    ],
    [
      "an image that was removed",
      { agents: [{ ...AGENT, hasImage: false }] },
      /^image failed: .*no sidecar can be made load or pull docker-mesh\/mesh:0\.1\.0/,
    ],
    [
      "a rootless engine",
      { securityOptions: ["name=seccomp,profile=builtin", "name=rootless"] },
      /^users warning: the engine is rootless.*mesh\.intercept=off/,
    ],
    ["user namespaces", { securityOptions: ["name=userns"] }, /^users warning: .*userns-remap/],
  ] as const) {
    it(`find ${what}`, () => {
      const wrong = shown(changes).filter((line) => !line.includes(" fine: "));
      assert.equal(wrong.length, 1);
      assert.match(String(wrong[0]), expected);
    });
  }

  it("find a command and an agent of different versions", () => {
    assert.equal(versionCheck("0.1.0", "0.1.0").state, "fine");
    const { state, found } = versionCheck("0.1.0", "0.2.0");
    assert.equal(`${state}: ${found}`, "warning: the agent is 0.1.0, the command 0.2.0");
  });
});
