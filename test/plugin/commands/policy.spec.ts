import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { done, PolicyRig, REPORTS } from "./policy-rig.ts";

describe("docker mesh policy", () => {
  let rig: PolicyRig;

  beforeEach(async () => {
    rig = await PolicyRig.start();
  });

  afterEach(async () => await rig[Symbol.asyncDispose]());

  describe("get", () => {
    it("shows what is not a default, with its source", async () => {
      await rig.set({ "balance.algorithm": "random" });
      await rig.set({ "timeouts.connect": "2s" }, "*");
      assert.deepEqual(
        await rig.run("policy get orders"),
        done(
          [
            "FIELD               VALUE     SOURCE",
            "balance.algorithm   random    policy",
            "retries.attempts    3         label",
            "timeouts.connect    2s        mesh",
            "",
          ].join("\n"),
        ),
      );
    });

    it("shows defaults too with --all, wherever it stands", async () => {
      const { output } = await rig.run("policy get orders --all");
      assert.match(output, /\nbalance\.choices +2 +default\n/);
      assert.deepEqual((await rig.run("policy get --all orders")).output, output);
    });

    it("gives all of it as JSON", async () => {
      await rig.set({ "balance.algorithm": "random" });
      const policy = JSON.parse((await rig.run("policy get orders --format json")).output);
      assert.deepEqual(
        [policy.service, policy.version, policy.document],
        ["shop-orders", 1, { "balance.algorithm": "random" }],
      );
      assert.ok(policy.fields.length > 20);
    });

    it("says that nothing is set", async () => {
      const text = "Nothing is set for shop-web; --all shows the defaults.\n";
      assert.deepEqual(await rig.run("policy get web"), done(text));
    });

    it("asks for a name where a script gives none", async () => {
      const { code, error } = await rig.run(["policy", "get", ""]);
      assert.deepEqual([code, error], [1, 'expected the name of a service, got ""\n']);
    });

    it("suggests a name for one that is not known", async () => {
      const { code, error } = await rig.run("policy get ordres");
      assert.equal(code, 1);
      assert.equal(error, 'no service named "ordres" is known: did you mean orders?\n');
    });
  });

  describe("set", () => {
    it("changes the fields that are named and no others", async () => {
      await rig.set({ "balance.algorithm": "random", "retries.on": "5xx" });
      assert.deepEqual(
        await rig.run("policy set orders balance.algorithm=maglev timeouts.request=2s"),
        done("shop-orders version 2\n"),
      );
      assert.deepEqual(await rig.inForce(), {
        ...{ "balance.algorithm": "maglev", "retries.on": "5xx", "timeouts.request": "2s" },
      });
    });

    it("takes everything behind the first = as the value", async () => {
      await rig.run(["policy", "set", "orders", "route.a.headers=x-canary=yes,x-a"]);
      assert.deepEqual(await rig.inForce(), { "route.a.headers": "x-canary=yes,x-a" });
    });

    it("says when nothing has changed", async () => {
      await rig.set({ "balance.algorithm": "random" });
      assert.deepEqual(
        await rig.run("policy set orders balance.algorithm=random"),
        done("shop-orders version 1, as it was\n"),
      );
    });

    it("reads a file, nested or flat, or standard input", async () => {
      const file = join(rig.directory, "policy.json");
      await writeFile(file, '{"balance": {"algorithm": "random"}, "retries.attempts": 2}');
      await rig.run(["policy", "set", "orders", "-f", file, "audit=true"]);
      const input = '{"retries": {"on": ["5xx", "reset"]}}';
      await rig.run("policy set orders --file -", { input });
      assert.deepEqual(await rig.inForce(), {
        ...{ audit: "true", "balance.algorithm": "random" },
        ...{ "retries.attempts": "2", "retries.on": "5xx,reset" },
      });
    });

    it("takes away what is not named with --replace", async () => {
      await rig.set({ "balance.algorithm": "random" });
      await rig.run("policy set orders --replace audit=true");
      assert.deepEqual(await rig.inForce(), { audit: "true" });
    });

    it("names every field that is refused, and changes nothing", async () => {
      await rig.set({ "balance.algorithm": "random" });
      const fields = ["timeouts.request=-1s", "retries.attempts=many", "balance.algorithmus=x"];
      const { code, output, error } = await rig.run(["policy", "set", "orders", ...fields]);
      assert.deepEqual([code, output], [1, ""]);
      const [first, ...reasons] = error.trimEnd().split("\n");
      assert.equal(first, "the policy of shop-orders is refused, nothing was changed: 3 problems");
      assert.deepEqual(
        reasons.map((reason) => reason.split(":")[0]),
        ["  balance.algorithmus", "  retries.attempts", "  timeouts.request"],
      );
      assert.match(error, /did you mean balance\.algorithm\?/);
      assert.deepEqual(await rig.inForce(), { "balance.algorithm": "random" });
    });

    it("tries again when somebody else was faster, so that both changes are in force", async () => {
      rig.store.meanwhile = async () => await rig.set({ "retries.attempts": "5" });
      assert.deepEqual(
        await rig.run("policy set orders audit=true"),
        done("shop-orders version 2\n"),
      );
      assert.deepEqual(await rig.inForce(), { audit: "true", "retries.attempts": "5" });
    });

    it("does not undo what somebody else wrote with --replace", async () => {
      rig.store.meanwhile = async () => await rig.set({ "retries.attempts": "5" });
      const { code, error } = await rig.run("policy set orders --replace audit=true");
      assert.equal(code, 1);
      assert.match(error, /^expected none of the policy of shop-orders in force, found version 1/);
      assert.deepEqual(await rig.inForce(), { "retries.attempts": "5" });
    });

    it("makes a policy for a service that is yet to come with --create", async () => {
      assert.equal((await rig.run("policy set shop-later audit=true")).code, 1);
      assert.deepEqual(
        await rig.run("policy set --create shop-later audit=true"),
        done("shop-later version 1\n"),
      );
    });

    it("sets the policy of the whole mesh", async () => {
      assert.deepEqual(await rig.run("policy set * audit=true"), done("* version 1\n"));
      assert.deepEqual(await rig.inForce("*"), { audit: "true" });
    });

    for (const [content, message] of [
      ["[]", /^expected a JSON object such as .* in standard input\n$/],
      ["{", /^expected a JSON object .* in standard input: .*JSON/],
    ] as const) {
      it(`refuses ${content} for a file`, async () => {
        const { code, error } = await rig.run("policy set orders -f -", { input: content });
        assert.equal(code, 1);
        assert.match(error, message);
      });
    }

    it("refuses a file that says a field twice, nested and by its dotted name", async () => {
      const input = '{"balance": {"algorithm": "random"}, "balance.algorithm": "maglev"}';
      const { code, error } = await rig.run("policy set orders -f -", { input });
      assert.equal(code, 1);
      assert.match(error, /^balance\.algorithm: expected each field once/);
      assert.equal(await rig.inForce(), undefined);
    });

    it("refuses a file that is larger than any policy, in words about policies", async () => {
      const input = JSON.stringify({ audit: "x".repeat(200_000) });
      const { code, error } = await rig.run("policy set orders -f -", { input });
      assert.equal(code, 1);
      assert.match(error, /^the policy of shop-orders is refused, .* at most 16384 characters/);
    });

    it("says which file cannot be read", async () => {
      const { code, error } = await rig.run("policy set orders -f /none.json");
      assert.equal(code, 1);
      assert.match(error, /^cannot read \/none\.json: ENOENT/);
    });
  });

  describe("unset", () => {
    beforeEach(async () => {
      await rig.set({
        "balance.algorithm": "random",
        "route.a.path": "/a",
        "route.a.abort": "503",
      });
    });

    it("takes a field away", async () => {
      const expected = done("shop-orders version 2\n");
      assert.deepEqual(await rig.run("policy unset orders balance.algorithm"), expected);
      assert.deepEqual(await rig.inForce(), { "route.a.path": "/a", "route.a.abort": "503" });
    });

    it("takes all fields of a route away", async () => {
      await rig.run("policy unset orders route.a");
      assert.deepEqual(await rig.inForce(), { "balance.algorithm": "random" });
    });

    it("takes everything away with --all", async () => {
      await rig.run("policy unset orders --all");
      assert.deepEqual(await rig.inForce(), {});
    });

    for (const line of ["policy unset ordres audit", "policy unset --all ordres"]) {
      it(`does not take a name that nobody knows for a service: ${line}`, async () => {
        const { code, error } = await rig.run(line);
        assert.equal(code, 1);
        assert.equal(error, 'no service named "ordres" is known: did you mean orders?\n');
      });
    }

    it("names what is not set, and changes nothing", async () => {
      const { code, error } = await rig.run("policy unset orders balance.algoritm route.a");
      assert.equal(code, 1);
      assert.equal(
        error,
        "the policy of shop-orders is as it was: not all of these fields were set\n  balance.algoritm: expected a field that is set, did you mean balance.algorithm?\n",
      );
      assert.equal((await rig.store.read("shop-orders"))?.version, 1);
    });
  });

  describe("used wrongly", () => {
    for (const [line, message] of [
      ["policy get", '"docker mesh policy get" requires exactly one argument, a service'],
      [
        "policy get orders web",
        '"docker mesh policy get" requires exactly one argument, a service',
      ],
      ["policy set orders", '"docker mesh policy set" requires a service, and at least one'],
      ["policy set orders audit", 'invalid argument "audit": expected FIELD=VALUE'],
      ["policy unset orders", '"docker mesh policy unset" requires a service, and either'],
      [
        "policy unset orders audit --all",
        '"docker mesh policy unset" requires a service, and either',
      ],
      ["policy diff", '"docker mesh policy diff" requires a service, and either'],
      ["policy diff orders 1 -f x", '"docker mesh policy diff" requires a service, and either'],
      ["policy diff orders 1 2 3", '"docker mesh policy diff" requires a service, and either'],
      ["policy diff orders first", 'invalid argument "first": expected the number of a version'],
      ["policy rollback orders", '"docker mesh policy rollback" requires exactly two arguments'],
      ["policy rollback orders 0", 'invalid argument "0": expected the number of a version'],
      ["policy history --format xml orders", 'invalid argument "xml" for --format: expected table'],
      ["policy edit", '"docker mesh policy edit" requires exactly one argument, a service'],
      ["endpoints", '"docker mesh endpoints" requires exactly one argument, a service'],
    ] as const) {
      it(line, async () => {
        const { code, output, error } = await rig.run(line);
        assert.deepEqual([code, output], [1, ""]);
        assert.ok(error.startsWith(message), error);
        const verb = line.startsWith("policy")
          ? line.split(" ").slice(0, 2).join(" ")
          : "endpoints";
        assert.ok(error.includes(`\n\nUsage:  docker mesh ${verb} `), error);
      });
    }
  });

  for (const line of ["policy", "policy --help", "help policy"]) {
    it(`lists its verbs for ${line}`, async () => {
      const { code, output } = await rig.run(line);
      assert.equal(code, 0);
      assert.match(
        output,
        /^Usage: {2}docker mesh policy COMMAND\n[\s\S]*\n {2}get +Show [\s\S]*\n {2}rollback +Make /,
      );
    });
  }

  for (const line of ["policy set --help", "policy set orders -h", "help policy set"]) {
    it(`explains a verb for ${line}`, async () => {
      const { code, output } = await rig.run(line);
      assert.equal(code, 0);
      assert.match(
        output,
        /^Usage: {2}docker mesh policy set \[OPTIONS\] SERVICE FIELD=VALUE\.\.\.\n/,
      );
    });
  }

  it("has endpoints beside it, as their callers see them", async () => {
    const { output } = await rig.run("endpoints orders --format json");
    assert.deepEqual(JSON.parse(output), REPORTS);
    assert.match(
      (await rig.run("endpoints orders")).output,
      /\nshop-web-1 +shop-orders-a1 +8080 +healthy /,
    );
  });
});
