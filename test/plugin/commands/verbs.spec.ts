// What holds for every verb of the table, those of groups among them.
import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import type { Command, Verb } from "../../../plugin/commands/command.ts";
import { argumentsOf, optionsOf } from "../../../plugin/commands/help-options.ts";
import { policy } from "../../../plugin/commands/policy.ts";
import { VERBS } from "../../../plugin/commands/verbs.ts";
import { PolicyRig } from "./policy-rig.ts";

/** Done by the plugin's shim, before there is a program that could read flags. */
const OF_THE_SHIM: readonly string[] = ["install", "uninstall"];

/** The verbs that are listed, by what stands behind `docker mesh`. */
const LISTED: readonly (readonly [string, Verb])[] = [
  ...VERBS.filter(({ name }) => name !== "policy").map((verb) => [verb.name, verb] as const),
  ...policy.verbs.map((verb) => [`policy ${verb.name}`, verb] as const),
].filter(([, { summary }]) => summary !== undefined);

/** Arguments as the usage wants them, and none that is optional. */
function argumentsFor(name: string, { help }: Command): readonly string[] {
  const [usage = ""] = help.split("\n");
  const required = argumentsOf(usage.replaceAll(/\[(?!OPTIONS)[^\]]*\]+/g, ""));
  return [...name.split(" "), ...required.map((word) => word.toLowerCase())];
}

describe("every verb", () => {
  let rig: PolicyRig;

  before(async () => {
    rig = await PolicyRig.start();
  });

  after(async () => {
    await rig[Symbol.asyncDispose]();
  });

  for (const [name, verb] of LISTED) {
    describe(`docker mesh ${name}`, () => {
      let command: Command;

      before(async () => {
        const loaded = await verb.load();
        assert.ok("run" in loaded);
        command = loaded;
      });

      it("begins its help with how it is called", () => {
        assert.ok(command.help.startsWith(`Usage:  docker mesh ${name}`), command.help);
        assert.ok(command.help.endsWith("\n") && !command.help.endsWith("\n\n"));
      });

      it("has options in its help that shells can complete, all in Docker's form", async () => {
        const flags = optionsOf(command.help).map((option) => `--${option.name}`);
        const written = [...command.help.matchAll(/^ {2,6}(?:-\w, )?(--[a-z-]+)/gm)];
        assert.deepEqual(
          flags,
          written.map(([, flag]) => flag),
        );
        const { output } = await rig.run(["__completeNoDesc", "mesh", ...name.split(" "), "--"]);
        assert.equal(output, `${[...flags, "--help"].sort().join("\n")}\n:4\n`);
      });

      it("refuses an unknown flag, and names the nearest", async () => {
        if (OF_THE_SHIM.includes(name)) return;
        const args = argumentsFor(name, command);
        const { code, output, error } = await rig.run([...args, "--bogus-flag"]);
        assert.deepEqual([code, output], [1, ""]);
        assert.match(error, /^unknown flag: --bogus-flag\n/);
        const slip = await rig.run([...args, "--hepl"]);
        assert.equal(slip.code, 1);
        assert.match(slip.error, /^unknown flag: --hepl \(did you mean --help\?\)\n/);
      });

      it("refuses formats and fields that there are not, if it takes --format", async () => {
        if (!optionsOf(command.help).some((option) => option.name === "format")) return;
        const args = argumentsFor(name, command);
        const none = await rig.run([...args, "--format", "yaml"]);
        assert.equal(none.code, 1);
        assert.match(none.error, /^invalid argument "yaml" for --format: expected table, json or /);
        const unknown = await rig.run([...args, "--format", "{{.Bogus}}"]);
        assert.deepEqual([unknown.code, unknown.output], [1, ""]);
        assert.match(unknown.error, /^--format: unknown field \.Bogus: .*[Tt]here are \.[^\n]*\n$/);
        assert.match(command.help, /\nFields for templates:\n {2}\./);
      });
    });
  }

  for (const [wrong, right] of [
    ["stauts", "status"],
    ["service", "services"],
    ["cert", "certs"],
    ["policy histroy", "history"],
  ] as const) {
    it(`names ${right} to who says ${wrong}`, async () => {
      const { code, error } = await rig.run(wrong);
      assert.equal(code, 1);
      assert.match(
        error,
        new RegExp(
          `^docker: unknown command: docker mesh ${wrong} \\(did you mean ${right}\\?\\)\\n`,
        ),
      );
    });
  }

  for (const [line, names] of [
    ["routes ", "shop-inventory\nshop-orders\nshop-redis"],
    ["routes --no-trunc shop-o", "shop-orders"],
    ["endpoints --format json shop-i", "shop-inventory"],
    ["explain shop-orders shop-r", "shop-redis"],
    ["tap --count 3 shop-r", "shop-redis"],
    ["logs shop-i", "shop-inventory"],
    ["policy set shop-i", "shop-inventory"],
  ] as const) {
    it(`completes services for docker mesh ${line}`, async () => {
      const { output } = await rig.run(["__completeNoDesc", "mesh", ...line.split(" ")]);
      assert.equal(output, `${names}\n:4\n`);
    });
  }

  it("completes no services where no agent answers", async () => {
    const nowhere = { DOCKER_HOST: `unix://${rig.directory}/none.sock` };
    const { code, output } = await rig.run(["__completeNoDesc", "mesh", "routes", ""], nowhere);
    assert.deepEqual([code, output], [0, ":4\n"]);
  });
});
