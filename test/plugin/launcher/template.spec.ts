import assert from "node:assert/strict";
import { describe, it } from "mocha";
import {
  interceptionContainer,
  type SidecarTemplate,
  sidecarContainer,
} from "../../../plugin/docker/sidecar-container.ts";
import { type CreationParts, fitCreation, targetOf } from "../../../plugin/launcher/template.ts";
import { containerId, workloadOf } from "../../helpers/workloads.ts";

const OWN: SidecarTemplate["own"] = {
  image: `sha256:${containerId("f")}`,
  socketMount: { Type: "volume", Source: "mesh_run", Target: "/run/mesh", ReadOnly: true },
};
const TEMPLATE: SidecarTemplate = {
  ...{ own: OWN, socket: "/run/mesh/agent.sock", logLevel: "info", migrates: true },
};
const workload = workloadOf("orders", "a");
const PARTS: CreationParts = { own: OWN, socket: TEMPLATE.socket, target: workload };
const UNIQUE = {
  token: "0123456789abcdefghijklmnopqrst_-",
  suffix: "0a1b2c",
  specification: "0123456789abcdef",
  takesOver: false,
};

type Body = Record<string, unknown>;

/** What the engine gets when the agent creates it, and its name. */
function asSent(specification: object): { name: string; body: Body } {
  const { name, ...body } = JSON.parse(JSON.stringify(specification)) as Body & { name: string };
  return { name, body };
}

const sidecar = (): { name: string; body: Body } =>
  asSent(sidecarContainer(TEMPLATE, workload, UNIQUE));
const init = (): { name: string; body: Body } =>
  asSent(interceptionContainer(TEMPLATE, workload, "0a1b2c"));

/** The body with one value changed, added or, for undefined, taken away. */
function changed(body: Body, path: readonly string[], value: unknown): Body {
  const [key = "", ...rest] = path;
  const copy: Body = Array.isArray(body) ? ([...body] as unknown as Body) : { ...body };
  if (rest.length > 0) copy[key] = changed((copy[key] ?? {}) as Body, rest, value);
  else if (value === undefined) delete copy[key];
  else copy[key] = value;
  return copy;
}

/** Paths to all fields, those of objects and arrays included. */
function pathsOf(value: unknown, path: readonly string[] = []): readonly (readonly string[])[] {
  if (typeof value !== "object" || value === null) return [path];
  const inner = Object.entries(value).flatMap(([key, each]) => pathsOf(each, [...path, key]));
  return path.length === 0 ? inner : [path, ...inner];
}

/** What attackers would like to have, field by field. */
const WISHES: readonly (readonly [string, unknown])[] = [
  ["HostConfig.Privileged", true],
  ["HostConfig.CapAdd", ["SYS_ADMIN"]],
  ["HostConfig.CapDrop", []],
  ["HostConfig.CapDrop", ["NET_RAW"]],
  ["HostConfig.PidMode", "host"],
  ["HostConfig.IpcMode", "host"],
  ["HostConfig.UTSMode", "host"],
  ["HostConfig.UsernsMode", "host"],
  ["HostConfig.CgroupnsMode", "host"],
  ["HostConfig.CgroupParent", "/"],
  ["HostConfig.NetworkMode", "host"],
  ["HostConfig.NetworkMode", `container:${containerId("b")}`],
  ["HostConfig.Binds", ["/:/host"]],
  ["HostConfig.Mounts", []],
  ["HostConfig.Mounts.0.ReadOnly", false],
  ["HostConfig.Mounts.0.Source", "/"],
  ["HostConfig.Mounts.1.Source", "/var/run/docker.sock"],
  ["HostConfig.Mounts.1.Source", `/var/lib/docker/containers/${containerId("b")}/hosts`],
  ["HostConfig.Mounts.1.BindOptions", { Propagation: "rshared" }],
  ["HostConfig.Mounts.2", { Type: "bind", Source: "/", Target: "/host" }],
  ["HostConfig.VolumesFrom", ["consul"]],
  ["HostConfig.Devices", [{ PathOnHost: "/dev/sda", PathInContainer: "/dev/sda" }]],
  ["HostConfig.DeviceRequests", [{ Count: -1 }]],
  ["HostConfig.DeviceCgroupRules", ["a *:* rwm"]],
  ["HostConfig.SecurityOpt", ["seccomp=unconfined"]],
  ["HostConfig.SecurityOpt", []],
  ["HostConfig.MaskedPaths", []],
  ["HostConfig.ReadonlyPaths", []],
  ["HostConfig.ReadonlyRootfs", false],
  ["HostConfig.Runtime", "other"],
  ["HostConfig.PidsLimit", -1],
  ["HostConfig.Sysctls", { "kernel.core_pattern": "|/x" }],
  ["HostConfig.PortBindings", { "80/tcp": [{}] }],
  ["HostConfig.LogConfig", { Type: "syslog", Config: {} }],
  ["HostConfig.Tmpfs", { "/x": "" }],
  ["HostConfig.AutoRemove", true],
  ["HostConfig.GroupAdd", ["docker"]],
  ["Image", "alpine"],
  ["Image", `sha256:${containerId("e")}`],
  ["Cmd", ["sh"]],
  ["Entrypoint", ["sh"]],
  ["User", "1"],
  ["Volumes", { "/x": {} }],
  ["Healthcheck", { Test: ["CMD", "sh"] }],
  ["NetworkingConfig", { EndpointsConfig: { x: {} } }],
  ["Env.9", "NODE_OPTIONS=--require=/x"],
  ["Labels.mesh.enable", "true"],
  ["OnBuild", ["RUN x"]],
  ["Shell", ["sh"]],
];

/** By dots, save in labels, whose names have some. */
function pathOf(text: string): readonly string[] {
  return text.startsWith("Labels.") ? ["Labels", text.slice(7)] : text.split(".");
}

describe("what the launcher creates", () => {
  for (const [what, make] of [
    ["a sidecar", sidecar],
    ["an init container", init],
  ] as const) {
    describe(`for ${what}`, () => {
      it("is what the agent asks for", () => {
        const { name, body } = make();
        assert.deepEqual(JSON.parse(JSON.stringify(fitCreation(name, body, PARTS))), body);
        assert.equal(targetOf(body), workload.containerId);
      });

      for (const [wish, value] of WISHES) {
        it(`is not with ${wish} = ${JSON.stringify(value)}`, () => {
          const { name, body } = make();
          assert.throws(() => fitCreation(name, changed(body, pathOf(wish), value), PARTS), {
            name: "Refusal",
          });
        });
      }

      it("is not without any single one of its fields, or with another value there", () => {
        const { name, body } = make();
        // Older kernels do not have the one setting.
        for (const path of pathsOf(body).filter(
          (each) => each.join(".") !== "HostConfig.Sysctls",
        )) {
          for (const value of [undefined, null, "x", 1, true, [], {}, ["x"], { x: 1 }])
            assertRefused(name, changed(body, path, value), path, body);
        }
      });

      it("is not with the name of another container, or any other", () => {
        const { body } = make();
        for (const name of [
          "x",
          "shop-orders-1",
          "consul.mesh-0a1b2c",
          "shop-orders-1.mesh-zzzzzz",
        ])
          assert.throws(() => fitCreation(name, body, PARTS), { name: "Refusal" });
      });

      it("is not for a container that was started anew, or another one", () => {
        const { name, body } = make();
        const target = { ...workload, containerId: containerId("b") };
        assert.throws(() => fitCreation(name, body, { ...PARTS, target }), { name: "Refusal" });
      });

      it("says which field is wrong, and nothing of the token", () => {
        const { name, body } = make();
        assert.throws(
          () => fitCreation(name, changed(body, ["HostConfig", "Privileged"], true), PARTS),
          { message: "HostConfig.Privileged: expected nothing, got true" },
        );
      });
    });
  }

  it("is never anything else, whatever is done to a body", () => {
    // A fixed sequence: what fails once fails again.
    let seed = 7;
    const random = (below: number): number => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return Math.floor((seed / 2_147_483_648) * below);
    };
    const wishes = WISHES.map(([path, value]) => ({ path: pathOf(path), value }));
    const alter = (body: Body): Body => {
      const wish = wishes[random(wishes.length)];
      const value = [wish?.value, undefined, "", `container:${containerId("b")}`][random(4)];
      const paths = pathsOf(body);
      const path = random(2) === 0 ? paths[random(paths.length)] : wish?.path;
      return changed(body, path ?? [], value);
    };
    for (let count = 0; count < 2_000; count += 1) {
      const { name, body } = random(2) === 0 ? sidecar() : init();
      const altered = Array.from({ length: 1 + random(4) }).reduce<Body>(alter, body);
      const made = attempt(name, altered);
      if (made !== undefined) assertOfTheMesh(made);
    }
  });

  it("takes no body that names no container", () => {
    for (const mode of ["host", "container:shop-orders-1", "container:", 1, undefined])
      assert.throws(() => targetOf({ HostConfig: { NetworkMode: mode } }), { name: "Refusal" });
    for (const body of [[], null, "x", {}, { HostConfig: [] }])
      assert.throws(() => targetOf(body), { name: "Refusal" });
  });

  it("lets an agent of another version have its own version on the label", () => {
    const { name, body } = sidecar();
    const other = changed(body, ["Labels", "docker-mesh.version"], "0.2.0");
    assert.deepEqual(JSON.parse(JSON.stringify(fitCreation(name, other, PARTS))), other);
  });

  it("lets the agent choose what differs from sidecar to sidecar", () => {
    const chosen = { ...UNIQUE, suffix: "ffffff", takesOver: true };
    const template: SidecarTemplate = { ...TEMPLATE, migrates: false, logLevel: "debug" };
    const { name, body } = asSent(sidecarContainer(template, workload, chosen));
    assert.deepEqual(JSON.parse(JSON.stringify(fitCreation(name, body, PARTS))), body);
  });
});

/** What would be created; undefined where that is refused. */
function attempt(name: string, body: Body): Body | undefined {
  try {
    return JSON.parse(JSON.stringify(fitCreation(name, body, PARTS))) as Body;
  } catch (error) {
    assert.equal((error as Error).name, "Refusal", String(error));
    return undefined;
  }
}

/** What is not refused is what it was before: nothing was changed by it. */
function assertRefused(name: string, body: Body, path: readonly string[], before: Body): void {
  const made = attempt(name, body);
  if (made === undefined) return;
  assertOfTheMesh(made);
  assert.deepEqual(made, body);
  assert.deepEqual(body, before, `changed at ${path.join(".")}`);
}

/** What matters of every container that is created. */
function assertOfTheMesh({ Image, Cmd, Entrypoint, HostConfig }: Body): void {
  const { Mounts, CapAdd, ...host } = HostConfig as Body;
  assert.equal(Image, OWN.image);
  assert.equal(Entrypoint, undefined);
  const [program] = Cmd as string[];
  assert.ok(program === "node" ? CapAdd === undefined : program === "nft");
  assert.ok(CapAdd === undefined || JSON.stringify(CapAdd) === '["NET_ADMIN"]');
  assert.equal(host["NetworkMode"], `container:${workload.containerId}`);
  assert.deepEqual(host["CapDrop"], ["ALL"]);
  assert.deepEqual(host["SecurityOpt"], ["no-new-privileges"]);
  assert.equal(host["ReadonlyRootfs"], true);
  for (const name of ["Privileged", "Binds", "Devices", "PidMode", "IpcMode", "VolumesFrom"])
    assert.equal(host[name], undefined);
  const sources = ((Mounts ?? []) as { Source: string }[]).map(({ Source }) => Source);
  assert.ok(sources.every((source) => ["mesh_run", workload.hostsPath].includes(source)));
}
