// Files as people write them, by their habits: whatever the style, what was put in comes out again.
import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { parse } from "yaml";
import { inject, takeOut } from "../../../plugin/inject/inject.ts";

const LABELS: readonly ((indent: string) => readonly string[])[] = [
  (indent) => ["labels:", `${indent}mesh.enable: "true"`, `${indent}mesh.port: 8080`],
  (indent) => ["labels:", `${indent}- mesh.enable=true`, `${indent}- "mesh.port=8080"`],
  () => ["labels:", "- mesh.enable=true", "- mesh.port=8080 # of the web"],
  () => ['labels: { mesh.enable: "true", mesh.port: 8080 }'],
  () => ["labels: [mesh.enable=true, mesh.mtls=strict,]"],
  () => ["labels: {mesh.enable: true,", "  mesh.intercept: 'off'}   # two lines"],
  (indent) => ["labels:", `${indent}? mesh.enable`, `${indent}: "true"`, `${indent}mesh.port: "1"`],
];
const OTHERS: readonly (readonly string[])[] = [
  ["image: shop/web"],
  ["command: |", "  one", "", "  two"],
  ["x-folded: >-", "  folded", "  text   "],
  ["entrypoint: |+", "  kept", "", ""],
  ["environment: {A: 1, B: [x, y]}"],
  ['x-quoted: "a # no comment"', "", "# a comment", ""],
  ["x-long: several words", "  over two lines"],
  ["x-nothing:"],
];
const TAILS = [
  "",
  "networks: {}",
  "volumes:\n  data:",
  "volumes:\n    data: {}\n    more:",
  "# the end",
  "...",
  "\n\n",
];

const service = fc.tuple(fc.constantFrom(...LABELS), fc.subarray([...OTHERS]), fc.boolean()).map(
  ([labels, others, first]) =>
    (indent: string) =>
      first ? [...labels(indent), ...others.flat()] : [...others.flat(), ...labels(indent)],
);

const file = fc
  .record({
    indent: fc.constantFrom("  ", "    "),
    services: fc.array(service, { minLength: 1, maxLength: 3 }),
    before: fc.constantFrom("", "name: shop\n\n", "# A file.\n---\n"),
    tail: fc.constantFrom(...TAILS),
    newline: fc.constantFrom("\n", "\r\n"),
    ends: fc.boolean(),
  })
  .map(({ indent, services, before, tail, newline, ends }) => {
    const lines = services.flatMap((lines, index) => [
      `${indent}service-${index}:`,
      ...lines(indent).map((line) => (line === "" ? "" : `${indent}${indent}${line}`)),
    ]);
    const text = `${before}services:\n${lines.join("\n")}\n${tail}`;
    return `${ends ? `${text}\n` : text}`.replaceAll("\n", newline);
  });

describe("any compose file", () => {
  it("is what it was when its sidecars are taken out, and the same when injected twice", () => {
    fc.assert(
      fc.property(file, (original) => {
        const injected = inject(original);
        assert.equal(takeOut(injected), original);
        assert.equal(inject(injected), injected);
        const { services } = parse(injected, { merge: true }) as { services: object };
        assert.ok("service-0-mesh" in services);
      }),
      { seed: 7, numRuns: 300 },
    );
  });
});
