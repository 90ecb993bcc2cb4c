import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { readOptions } from "./options.ts";
import { EVERY_PEER } from "./peers/every-peer.ts";

const read = (...parameters: string[]): ReturnType<typeof readOptions> =>
  readOptions(parameters, EVERY_PEER);

describe("the command line of the bench", () => {
  it("measures everything when nothing is said", () => {
    const { peers, loads, parts, rounds } = read();
    assert.equal(peers.length, EVERY_PEER.length);
    assert.equal(loads.length, 6);
    assert.deepEqual([...parts], ["traffic", "start", "memory"]);
    assert.equal(rounds, 3);
  });

  it("measures ours beside HAProxy at 32 connections when it should be quick", () => {
    const { peers, loads, parts, seconds } = read("--quick");
    assert.ok(peers.every(({ name }) => /mesh|haproxy/.test(name)));
    assert.deepEqual(
      loads.map(({ name }) => name),
      ["closed-32"],
    );
    assert.deepEqual([...parts], ["traffic"]);
    assert.equal(seconds, 2);
  });

  it("chooses subjects by a word of their name or by their shape", () => {
    const names = read("--only", "direct,nginx pair").peers.map(({ name }) => name);
    assert.deepEqual(names, ["direct", "nginx pair"]);
    assert.ok(read("--only", "hop").peers.every(({ shape }) => shape === "hop"));
  });

  it("finds the knee first when half of it is asked for", () => {
    const names = read("--loads", "open-half").loads.map(({ name }) => name);
    assert.deepEqual(names, ["closed-32", "open-half"]);
  });

  it("hands flags on to Node", () => {
    assert.deepEqual(read("--node=--cpu-prof --cpu-prof-dir=/x").nodeFlags, [
      "--cpu-prof",
      "--cpu-prof-dir=/x",
    ]);
  });

  it("says what can be chosen when it cannot", () => {
    assert.throws(() => read("--loads", "closed-3"), /closed-1, closed-32, .* got closed-3/);
    assert.throws(() => read("--only", "apache"), /got apache: direct, mesh hop/);
    assert.throws(() => read("--repeats", "0"), /above 0 for --repeats, got 0/);
    assert.throws(() => read("--parts", "rest"), /expected a part out of traffic/);
  });

  it("gives every subject a name of its own", () => {
    assert.equal(new Set(EVERY_PEER.map(({ name }) => name)).size, EVERY_PEER.length);
  });
});
