import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { ALL_FIELDS } from "../../../mesh/policy/fields.ts";
import { DEFAULT_POLICY, readPolicy } from "../../../mesh/policy/read-policy.ts";
import { FIELD_CASES } from "./field-cases.ts";

describe("reading a policy", () => {
  it("gives every field its default where nobody says anything", () => {
    const { policy, problems } = readPolicy({}, "strict");
    assert.deepEqual(problems, []);
    assert.deepEqual(policy, DEFAULT_POLICY);
    assert.equal(policy.balance.algorithm, "peak-ewma");
    assert.deepEqual(policy.retries.on, ["connect-failure", "refused", "reset"]);
    assert.deepEqual(policy.timeouts, { connect: 1_000, perTry: 0, request: 0, idle: 3_600_000 });
    assert.equal(policy.outlier.successRateStdevFactor, 1.9);
    assert.deepEqual(policy.access, { defaultAction: "allow", audit: false, rules: [] });
    assert.equal(policy.jwt, undefined);
  });

  it("puts each value where it belongs", () => {
    const { policy } = readPolicy(
      {
        "balance.hash-on": "header:X-User",
        "timeouts.request": "1m30s",
        "limits.rate-per-caller": "5",
        "outlier.consecutive-5xx": "7",
        "recovery.ramp": "1s",
        "check.interval": "2s",
        split: "v1=90, v2=10",
        failover: "backup, other",
        "retries.statuses": "429,503",
      },
      "strict",
    );
    assert.deepEqual(policy.balance.hashOn, { kind: "header", name: "x-user" });
    assert.equal(policy.timeouts.request, 90_000);
    assert.equal(policy.limits.ratePerCaller, 5);
    assert.equal(policy.outlier.consecutive5xx, 7);
    assert.equal(policy.recovery.ramp, 1_000);
    assert.equal(policy.check.interval, 2_000);
    assert.deepEqual(policy.split, [
      { version: "v1", weight: 90 },
      { version: "v2", weight: 10 },
    ]);
    assert.deepEqual(policy.failover, ["backup", "other"]);
    assert.deepEqual(policy.retries.statuses, [429, 503]);
  });

  it("takes an empty list for none, also where the default is some", () => {
    assert.deepEqual(readPolicy({ "retries.on": "" }, "strict").policy.retries.on, []);
  });

  it("raises a maximum that is below its base", () => {
    const { policy } = readPolicy(
      { "retries.backoff": "1s", "outlier.base-ejection-time": "10m" },
      "strict",
    );
    assert.equal(policy.retries.maxBackoff, 1_000);
    assert.equal(policy.outlier.maxEjectionTime, 600_000);
  });

  it("leniently disregards what it does not know, and gives the default for what it cannot read", () => {
    const document = { "balance.algorithm": "quantum", "balance.spin": "up", "limits.rate": "7" };
    const { policy } = readPolicy(document, "lenient");
    assert.deepEqual(policy.balance, DEFAULT_POLICY.balance);
    assert.equal(policy.limits.rate, 7);
    const { problems } = readPolicy(document, "strict");
    assert.deepEqual(problems.map(({ field }) => field).sort(), [
      "balance.algorithm",
      "balance.spin",
    ]);
  });

  it("leniently reads values that are longer than people may write them", () => {
    const names = Array.from({ length: 40 }, (_, index) => `${"a".repeat(40)}-${index}`).join(",");
    assert.equal(
      readPolicy({ allow: names }, "lenient").policy.access.rules[0]?.callers.length,
      40,
    );
    assert.equal(readPolicy({ allow: names }, "strict").problems.length, 1);
  });

  it("refuses more than 64 routes, more than 64 rules, and documents above 16 KiB", () => {
    const many = (group: string, key: string, count: number): [string, string][] =>
      Array.from({ length: count }, (_, index) => [`${group}.n${index}.${key}`, "deny"]);
    const fields = (document: Readonly<Record<string, string>>): readonly string[] =>
      readPolicy(document, "strict").problems.map(({ field }) => field);
    assert.deepEqual(fields(Object.fromEntries(many("rule", "action", 64))), []);
    assert.deepEqual(fields(Object.fromEntries(many("rule", "action", 65))), ["rule.*"]);
    assert.deepEqual(fields(Object.fromEntries(many("route", "service", 65))), ["route.*"]);
    const large = many("route", "service", 17).map(([name]) => [
      name.replace("service", "request-set"),
      `x-a=${"a".repeat(1_000)}`,
    ]);
    assert.deepEqual(fields(Object.fromEntries(large)), ["*"]);
  });

  it("never throws, whatever the document says", () => {
    const names = ALL_FIELDS.map(({ name }) => name.replace("<name>", "x"));
    const name = fc.oneof(fc.constantFrom(...names), fc.string(), fc.constant("__proto__"));
    const texts = Object.values(FIELD_CASES).flatMap(({ good, bad }) => [...good, ...bad]);
    const text = fc.oneof(fc.constantFrom(...texts), fc.string({ unit: "binary" }));
    fc.assert(
      fc.property(
        fc.dictionary(name, text),
        fc.constantFrom("strict", "lenient"),
        (document, mode) => {
          const { policy, problems } = readPolicy(document, mode);
          assert.deepEqual(Object.keys(policy), Object.keys(DEFAULT_POLICY));
          for (const { field, message } of problems) {
            assert.ok(Object.hasOwn(document, field) || /\*$|action$/.test(field), field);
            assert.match(message, /^expected /);
          }
        },
      ),
    );
  });
});
