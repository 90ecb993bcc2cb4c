import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { ENGINE_CALLS } from "../../../plugin/launcher/calls.ts";
import { readCall, writeTarget } from "../../../plugin/launcher/read-call.ts";
import { containerId } from "../../helpers/workloads.ts";

const ID = containerId("a");
const filters = (value: unknown): string => `filters=${encodeURIComponent(JSON.stringify(value))}`;

/** As the agent's client of the engine writes them. */
const KNOWN: readonly (readonly [string, string, string])[] = [
  ["version", "GET", "/version"],
  ["info", "GET", "/info"],
  ["events", "GET", `/events?${filters({ type: ["container", "network", "service"] })}`],
  ["list", "GET", "/containers/json?all=true"],
  [
    "agents",
    "GET",
    `/containers/json?${filters({ label: ["docker-mesh.role=agent"], status: ["running"] })}`,
  ],
  ["inspect", "GET", `/containers/${ID}/json`],
  ["create", "POST", "/containers/create?name=shop-orders-1.mesh-0a1b2c"],
  ["start", "POST", `/containers/${ID}/start`],
  ["wait", "POST", `/containers/${ID}/wait`],
  ["logs", "GET", `/containers/${ID}/logs?stdout=true&stderr=true&tail=20`],
  ["logs", "GET", `/containers/${ID}/logs?stdout=true&since=1767254400.123&tail=2000`],
  ["kill", "POST", `/containers/${ID}/kill?signal=SIGINT`],
  ["stop", "POST", `/containers/${ID}/stop?t=65`],
  ["remove", "DELETE", `/containers/${ID}?force=true&v=true`],
  ["pause", "POST", `/containers/${ID}/pause`],
  ["unpause", "POST", `/containers/${ID}/unpause`],
  ["services", "GET", "/services"],
  ["nodes", "GET", "/nodes"],
  ["tasks", "GET", `/tasks?${filters({ service: ["x1y2"] })}`],
  ["tasks", "GET", `/tasks?${filters({ node: ["n1", "n2"], "desired-state": ["running"] })}`],
];

const REFUSED: readonly (readonly [string, string, string])[] = [
  ["a version in front", "GET", "/v1.41/info"],
  ["a way out of the version", "GET", "/v1.41/../info"],
  ["dots", "GET", "/containers/../info"],
  ["encoded dots", "GET", "/%2e%2e/info"],
  ["an encoded letter", "GET", "/inf%6f"],
  ["two slashes", "GET", "//info"],
  ["a slash behind", "GET", "/info/"],
  ["a backslash", "GET", "/containers\\json?all=true"],
  ["an address in front", "GET", "http://docker/info"],
  ["a fragment", "GET", "/info#"],
  ["a semicolon", "GET", "/info;x=1"],
  ["a blank", "GET", "/info "],
  ["a line's end", "GET", "/info\n"],
  ["other letter case", "GET", "/Info"],
  ["a method in small letters", "get", "/info"],
  ["another method", "HEAD", "/info"],
  ["an empty target", "GET", ""],
  ["a query where none is", "GET", "/info?"],
  ["a query that means nothing", "GET", "/info?x=1"],
  ["a name for an id", "POST", "/containers/shop-orders-1/start"],
  ["a prefix of an id", "POST", `/containers/${ID.slice(0, 63)}/start`],
  ["more than an id", "POST", `/containers/${ID}a/start`],
  ["an id in capitals", "POST", `/containers/${ID.toUpperCase()}/start`],
  ["an id and a way out", "GET", `/containers/${ID}/../json`],
  ["execution", "POST", `/containers/${ID}/exec`],
  ["attachment", "POST", `/containers/${ID}/attach?stream=true`],
  ["a copy out", "GET", `/containers/${ID}/archive?path=/`],
  ["a change of limits", "POST", `/containers/${ID}/update`],
  ["another name", "POST", `/containers/${ID}/rename?name=x`],
  ["a restart", "POST", `/containers/${ID}/restart`],
  ["sizes", "GET", "/containers/json?all=true&size=true"],
  ["filters of one's own", "GET", `/containers/json?${filters({ label: ["x"] })}`],
  ["all events", "GET", "/events"],
  ["events since", "GET", `/events?since=1&${filters({ type: ["container"] })}`],
  ["a key twice", "GET", "/containers/json?all=true&all=true"],
  ["a key in capitals", "GET", "/containers/json?ALL=true"],
  ["an encoded key", "GET", "/containers/json?%61ll=true"],
  ["broken encoding", "GET", "/containers/json?all=%zz"],
  ["a plus", "POST", "/containers/create?name=a+b"],
  ["a value in a value", "POST", "/containers/create?name=a%26platform%3Dx%0a"],
  ["a platform", "POST", "/containers/create?name=a&platform=linux"],
  ["no name", "POST", "/containers/create"],
  ["an empty name", "POST", "/containers/create?name="],
  ["a separator that some take for one", "POST", "/containers/create?name=a;v=1"],
  ["a signal that kills", "POST", `/containers/${ID}/kill?signal=SIGKILL`],
  ["no signal, which kills", "POST", `/containers/${ID}/kill`],
  ["logs that do not end", "GET", `/containers/${ID}/logs?stdout=true&tail=1&follow=true`],
  ["a removal that asks", "DELETE", `/containers/${ID}`],
  ["links", "DELETE", `/containers/${ID}?force=true&v=true&link=true`],
  ["images", "GET", "/images/json"],
  ["an image", "POST", "/images/create?fromImage=x"],
  ["volumes", "GET", "/volumes"],
  ["networks", "GET", "/networks"],
  ["a service", "POST", "/services/create"],
  ["a secret", "GET", "/secrets"],
  ["configurations", "GET", "/configs"],
  ["an upgrade", "POST", "/session"],
  ["more", "POST", "/grpc"],
  ["all tasks", "GET", "/tasks"],
  ["other tasks", "GET", `/tasks?${filters({ name: ["x"] })}`],
  ["a very long target", "GET", `/tasks?${filters({ service: ["x".repeat(50_000)] })}`],
];

describe("calls of the engine", () => {
  for (const [name, method, target] of KNOWN) {
    it(`knows ${method} ${target.slice(0, 40)} as ${name}, and writes it anew alike`, () => {
      const call = readCall(method, target);
      assert.ok(call !== undefined);
      assert.equal(call.name, name);
      assert.equal(call.method, method);
      assert.deepEqual(readCall(method, writeTarget(call)), call);
    });
  }

  it("has no call that no agent makes", () => {
    const made = new Set(KNOWN.map(([name]) => name));
    assert.deepEqual(
      ENGINE_CALLS.map(({ name }) => name).filter((name) => !made.has(name)),
      [],
    );
  });

  for (const [what, method, target] of REFUSED)
    it(`does not know ${what}`, () => assert.equal(readCall(method, target), undefined));
});
