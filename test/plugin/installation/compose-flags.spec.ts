import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { flagsOfCompose } from "../../../plugin/installation/compose-flags.ts";

describe("the engine of the Compose that calls a provider", () => {
  const CASES: readonly (readonly [string, object | undefined])[] = [
    ["/home/me/.docker/cli-plugins/docker-compose compose up -d", {}],
    [
      "docker-compose -H tcp://there:2376 --tlsverify compose -f a.yaml up",
      { host: "tcp://there:2376", tlsVerify: true },
    ],
    ["docker-compose --context=there compose -p x down", { context: "there" }],
    ["docker-compose --config /c compose up", { config: "/c" }],
    ["docker-compose up", undefined],
    ["docker-compose --ansi never up", undefined],
    ["sh -c docker-mesh compose up", undefined],
    ["", undefined],
  ];
  for (const [line, expected] of CASES) {
    it(`is read from ${JSON.stringify(line)}`, () => {
      const found = flagsOfCompose(line.split(" "));
      const given = Object.entries(found ?? {}).filter(([, value]) => value !== undefined);
      assert.deepEqual(found && Object.fromEntries(given), expected);
    });
  }
});
