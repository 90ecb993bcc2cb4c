import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { endsContainer, isDraining } from "../../../plugin/workload/stopping.ts";
import { factsOf } from "../../helpers/workloads.ts";

describe("a signal to a container", () => {
  for (const [stopSignal, signal, ends, why] of [
    ["SIGTERM", "15", true, "docker stop"],
    ["SIGTERM", "9", true, "docker kill"],
    ["SIGTERM", "2", true, "an interrupt"],
    ["SIGTERM", "SIGTERM", true, "an engine that names signals"],
    ["SIGTERM", "1", false, "a request to read the configuration again"],
    ["SIGTERM", "10", false, "the application's own business"],
    ["SIGTERM", "28", false, "a resized terminal"],
    ["SIGTERM", "3", false, "a JVM is asked for its threads"],
    ["SIGQUIT", "3", true, "nginx' stop signal"],
    ["QUIT", "3", true, "written without SIG"],
    ["sigusr1", "10", true, "written in lower case"],
    ["10", "10", true, "written as a number"],
    ["SIGRTMIN+3", "37", true, "systemd's stop signal"],
    ["SIGRTMAX-1", "63", true, "counted from the end"],
    ["SIGIOT", "6", true, "one of two names of a number"],
    ["SIGQUIT", "15", true, "terminated although it asks for another"],
    ["SIGNONSENSE", "1", false, "a stop signal that nobody knows"],
    ["constructor", "1", false, "a stop signal that is no signal"],
    ["SIGTERM", "nonsense", false, "a signal that nobody knows"],
  ] as const) {
    it(`${signal} ${ends ? "ends" : "does not end"} one with stop signal ${stopSignal}: ${why}`, () => {
      assert.equal(endsContainer(factsOf("orders", "a", { stopSignal }), signal), ends);
    });
  }
});

describe("a container that got its stop signal", () => {
  const since = 1_000;
  for (const [stopTimeout, after, draining] of [
    [10_000, 0, true],
    [10_000, 64_999, true],
    [10_000, 65_000, false],
    [120_000, 124_999, true],
    [120_000, 125_000, false],
    [0, 4_999, true],
    [Number.POSITIVE_INFINITY, 86_400_000, true],
  ] as const) {
    it(`${draining ? "drains" : "was not being stopped"} ${after} ms later with a stop timeout of ${stopTimeout} ms`, () => {
      const facts = factsOf("orders", "a", { stopTimeout });
      assert.equal(isDraining(facts, since, since + after), draining);
    });
  }

  it("drains only if it did", () => {
    assert.equal(isDraining(factsOf("orders", "a"), undefined, 0), false);
  });
});
