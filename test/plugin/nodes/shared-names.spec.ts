import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { Instance } from "../../../mesh/model.ts";
import { sharedNames } from "../../../plugin/nodes/shared-names.ts";
import { buildDirectory } from "../../../plugin/sidecars/directory.ts";
import { toInstance } from "../../../plugin/workload/health.ts";
import type { CatalogEntry } from "../../../registry/catalog.ts";
import { workloadOf } from "../../helpers/workloads.ts";

function entry(
  letter: string,
  project: string | undefined,
  changes: Partial<Instance> = {},
): CatalogEntry {
  const containerName = `${project ?? "lone"}_${letter}`;
  const instance = toInstance(
    workloadOf("orders", letter, { service: "a-b-c", project }),
    "node-1",
  );
  return { instance: { ...instance, containerName, ...changes }, health: "passing" };
}

function found(...entries: readonly CatalogEntry[]): readonly string[] {
  return sharedNames(buildDirectory(entries, []).services).map(({ subject, code, message }) => {
    assert.deepEqual([subject, code], ["a-b-c", "NAME_SHARED"]);
    return /found (.*): calls/.exec(message)?.[1] ?? message;
  });
}

describe("a name that two applications give to a service", () => {
  it("is told with who has it, and what to do", () => {
    const entries = [entry("a", "a"), entry("b", "a-b", { node: "node-2" })];
    assert.deepEqual(sharedNames(buildDirectory(entries, []).services), [
      {
        subject: "a-b-c",
        code: "NAME_SHARED",
        message:
          "expected one application to run a-b-c, found project a (container a_a on node-1) and project a-b (container a-b_b on node-2): " +
          "calls are shared out among all of them, under one identity and one policy. Give one of them another name with the label " +
          "mesh.service, or both of them names that differ, and deploy it again",
      },
    ]);
  });

  it("is no problem among the copies of one application, on however many nodes", () => {
    assert.deepEqual(found(entry("a", "a"), entry("b", "a", { node: "node-2" })), []);
  });

  it("is told of what runs without a project, too", () => {
    assert.deepEqual(found(entry("a", "a"), entry("b", undefined)), [
      "container lone_b on node-1 and project a (container a_a on node-1)",
    ]);
  });

  it("is told with some of many", () => {
    const entries = ["a", "b", "c", "d", "e", "f"].map((letter) => entry(letter, letter));
    assert.match(
      found(...entries)[0] ?? "",
      /^project a .* and project d \(container d_d on node-1\) and 2 more$/,
    );
  });

  it("is told also while a copy is not well", () => {
    assert.equal(found(entry("a", "a"), { ...entry("b", "b"), health: "critical" }).length, 1);
  });
});
