import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { type Flag, parseFlags } from "../../../plugin/commands/flags.ts";
import { GLOBAL_FLAGS, readEngineFlags } from "../../../plugin/commands/global-flags.ts";

const FLAGS: readonly Flag[] = [
  { name: "host", short: "H", kind: "text" },
  { name: "debug", short: "D", kind: "switch" },
  { name: "tls", kind: "switch" },
];

const READ: readonly (readonly [string, Readonly<Record<string, string>>, string])[] = [
  ["mesh status", {}, "mesh status"],
  ["--host a mesh", { host: "a" }, "mesh"],
  ["--host=a=b mesh", { host: "a=b" }, "mesh"],
  ["-H a mesh", { host: "a" }, "mesh"],
  ["-Ha mesh", { host: "a" }, "mesh"],
  ["-H=a mesh", { host: "a" }, "mesh"],
  ["-DH a mesh", { debug: "true", host: "a" }, "mesh"],
  ["-DHa mesh", { debug: "true", host: "a" }, "mesh"],
  ["-D=false mesh", { debug: "false" }, "mesh"],
  ["--tls=0 mesh", { tls: "false" }, "mesh"],
  ["--tls mesh", { tls: "true" }, "mesh"],
  ["-H a -H b mesh", { host: "b" }, "mesh"],
  ["--host -D mesh", { host: "-D" }, "mesh"],
  ["mesh -D", {}, "mesh -D"],
  ["-- -D", {}, "-D"],
  ["-", {}, "-"],
];

const REFUSED: readonly (readonly [string, string])[] = [
  ["--bogus", "unknown flag: --bogus"],
  ["--bogus=1", "unknown flag: --bogus"],
  ["-x", "unknown shorthand flag: 'x' in -x"],
  ["-Dx", "unknown shorthand flag: 'x' in -x"],
  ["--host", "flag needs an argument: --host"],
  ["-H", "flag needs an argument: 'H' in -H"],
  ["--tls=maybe", 'invalid argument "maybe" for --tls: expected true or false'],
  ["--__proto__=1", "unknown flag: --__proto__"],
];

describe("flags", () => {
  for (const [line, values, rest] of READ) {
    it(`reads ${line}`, () => {
      const parsed = parseFlags(line.split(" "), FLAGS);
      assert.deepEqual(Object.fromEntries(parsed.values), values);
      assert.deepEqual(parsed.rest, rest.split(" "));
    });
  }

  for (const [line, message] of REFUSED) {
    it(`refuses ${line}`, () => {
      assert.throws(() => parseFlags(line.split(" "), FLAGS), { name: "UsageError", message });
    });
  }
});

describe("global flags", () => {
  it("choose an engine in every notation of Docker", () => {
    const line =
      "--config /c -c ctx -D -H tcp://far -l debug --tls --tlscacert a --tlscert b --tlskey k --tlsverify=false";
    assert.deepEqual(readEngineFlags(parseFlags(line.split(" "), GLOBAL_FLAGS)), {
      host: "tcp://far",
      context: "ctx",
      config: "/c",
      tls: true,
      tlsVerify: false,
      tlsCaCertificate: "a",
      tlsCertificate: "b",
      tlsKey: "k",
    });
  });
});
