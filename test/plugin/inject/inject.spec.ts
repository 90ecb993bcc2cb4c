import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, it } from "mocha";
import { inject, takeOut } from "../../../plugin/inject/inject.ts";

const FOLDER = new URL("../../golden/inject/", import.meta.url);
const INJECTED = ".injected.yaml";

const read = (file: string): string => readFileSync(new URL(file, FOLDER), "utf8");
const FILES = readdirSync(FOLDER).filter((file) => !file.endsWith(INJECTED));

describe("a compose file", () => {
  for (const file of FILES) {
    describe(file, () => {
      const original = read(file);
      const injected = read(file.replace(/\.yaml$/, INJECTED));

      it("gets a sidecar for each labelled service", () => {
        assert.equal(inject(original), injected);
      });

      it("is the same when it is injected twice", () => {
        assert.equal(inject(injected), injected);
      });

      it("is what it was, byte for byte, when the sidecars are taken out", () => {
        assert.equal(takeOut(injected), original);
        assert.equal(takeOut(original), original);
      });
    });
  }

  it("gets the rules of today's labels when they have changed since", () => {
    const injected = read("plain.injected.yaml").replace("mesh.port: 8080", "mesh.port: 8081");
    assert.match(inject(injected), /tcp dport 8081 redirect to :21100/);
    assert.doesNotMatch(inject(injected), /dport 8080 redirect to :21100\n.*dport 8081/);
  });
});

const service = (...lines: readonly string[]): string =>
  ["services:", "  web:", "    image: shop/web", ...lines.map((line) => `    ${line}`), ""].join(
    "\n",
  );
const LABELS = ["labels:", '  mesh.enable: "true"', '  mesh.port: "8080"'];

describe("a compose file is refused", () => {
  for (const [what, text, expected] of [
    [
      "without a service that wants the mesh",
      service(),
      /expected a service with the label mesh\.enable: "true"/,
    ],
    ["without services", "name: shop\n", /expected a compose file with services/],
    ["that is empty", "", /expected a compose file with services/],
    ["that is a list", "- a\n", /expected a compose file with services/],
    ["that is no YAML", "services:\n  web: [\n", /expected YAML, found: /],
    ["of several documents", `${service(...LABELS)}---\n${service(...LABELS)}`, /found several/],
    [
      "with a wrong label",
      service(...LABELS, '  mesh.prot: "1"'),
      /web: label mesh\.prot: .*did you mean mesh\.port/,
    ],
    [
      "with a variable in a label",
      service("labels:", '  mesh.enable: "true"', "  mesh.port: $PORT"),
      /got "\$PORT"; where a variable stands in it, "docker compose config/,
    ],
    [
      "whose ports only the image knows",
      service("labels:", '  mesh.enable: "true"'),
      /expected label mesh\.port or mesh\.ports/,
    ],
    ["on the host's network", service(...LABELS, "network_mode: host"), /found network_mode: host/],
    ["without a network", service(...LABELS, "network_mode: none"), /found network_mode: none/],
    [
      "on another service's network",
      service(...LABELS, "network_mode: service:db"),
      /found network_mode: service:db/,
    ],
    ["of a provider", service(...LABELS, "provider: { type: cloud }"), /found a provider/],
    [
      "that extends another one",
      service(...LABELS, "extends: base"),
      /found extends, which is not followed/,
    ],
    ["with copies", service(...LABELS, "deploy: { replicas: 3 }"), /expected one copy, found 3/],
    ["with copies by scale", service(...LABELS, "scale: 2"), /expected one copy, found 2/],
    ["without copies", service(...LABELS, "scale: 0"), /expected one copy, found 0/],
    [
      "that is a stack by its placement",
      service(...LABELS, "deploy: { placement: {} }"),
      /found deploy\.placement, which only Swarm obeys/,
    ],
    [
      "that is a stack by its labels",
      service("deploy:", "  labels:", '    mesh.enable: "true"'),
      /Swarm has no network_mode: service:/,
    ],
    [
      "with a service of that name",
      `${service(...LABELS)}  web-mesh:\n    image: x\n`,
      /expected no service web-mesh beside it/,
    ],
    [
      "with a service that inherits",
      `${service(...LABELS)}  admin:\n    extends: { service: web }\n`,
      /admin: expected it not to extend web/,
    ],
    [
      "with a volume of that name",
      `${service(...LABELS)}volumes:\n  docker-mesh-run:\n`,
      /expected no volume docker-mesh-run/,
    ],
    [
      "with volumes in flow style",
      `${service(...LABELS)}volumes: {}\n`,
      /expected volumes in block style/,
    ],
    [
      "in JSON",
      '{"services":{"web":{"labels":{"mesh.enable":"true","mesh.port":"8080"}}}}',
      /block style/,
    ],
    [
      "with labels by an alias",
      `x-l: &l\n  mesh.enable: "true"\n  mesh.port: "1"\n${service("labels: *l")}`,
      /found them by an alias or a merge/,
    ],
    [
      "with labels that others share",
      `${service("labels: &l", ...LABELS.slice(1))}  db:\n    image: db\n    labels: *l\n`,
      /by an alias or a merge|shared by an anchor/,
    ],
    [
      "with labels that others merge",
      `${service(...LABELS.with(0, "labels: &l"))}  db:\n    image: db\n    labels: { <<: *l, mesh.enable: "false" }\n`,
      /shared by an anchor/,
    ],
    [
      "that was cut in the middle of what was injected",
      read("plain.injected.yaml")
        .slice(0, -200)
        .replace(/.*inject: end\n/, ""),
      /expected a line/,
    ],
  ] as const) {
    it(what, () => {
      assert.throws(
        () => inject(text),
        (error: Error) => {
          assert.match(error.message, expected);
          assert.doesNotMatch(error.message, /\n/);
          return true;
        },
      );
    });
  }

  it("with everything that is wrong at once", () => {
    const text = service(...LABELS, "network_mode: host", "scale: 3");
    assert.throws(() => inject(text), /network_mode: host; service web: expected one copy/);
  });
});
