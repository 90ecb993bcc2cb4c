import assert from "node:assert/strict";
import type Docker from "dockerode";
import { describe, it } from "mocha";
import {
  inspectOwnContainer,
  readOwnId,
  refuseSecondAgent,
} from "../../../plugin/docker/own-container.ts";

const ID = "4f1e".repeat(16);
const MOUNTINFO = `\
1201 1088 0:99 / / rw,relatime - overlay overlay rw,lowerdir=/var/lib/docker/overlay2/l/ABC:/var/lib/docker/overlay2/l/DEF
1206 1201 0:104 / /dev/shm rw,nosuid - tmpfs shm rw,size=65536k
1210 1201 8:1 /var/lib/docker/volumes/mesh-run/_data /run/mesh rw,relatime - ext4 /dev/sda1 rw
1211 1201 8:1 /var/lib/docker/containers/${ID}/resolv.conf /etc/resolv.conf rw,relatime - ext4 /dev/sda1 rw
1212 1201 8:1 /var/lib/docker/containers/${ID}/hostname /etc/hostname rw,relatime - ext4 /dev/sda1 rw
`;

/** As much of the client as is asked about one container. */
function engineWith(mounts: readonly object[]): Docker {
  const inspect = (): Promise<object> => Promise.resolve({ Image: "sha256:1", Mounts: mounts });
  return { getContainer: () => ({ inspect }) } as unknown as Docker;
}

describe("the agent's own container", () => {
  it("is known by the files that Docker mounts into it", () => {
    assert.equal(readOwnId(MOUNTINFO), ID);
  });

  for (const [where, mountinfo] of [
    ["with another data root", MOUNTINFO.replaceAll("/var/lib/docker", "/srv/data/docker.d")],
    ["with its files on a file system of their own", MOUNTINFO.replaceAll("/var/lib/docker/", "/")],
  ] as const) {
    it(`is known ${where}`, () => {
      assert.equal(readOwnId(mountinfo), ID);
    });
  }

  it("is none on a host", () => {
    assert.equal(readOwnId("22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n"), undefined);
  });

  it("must exist", async () => {
    await assert.rejects(inspectOwnContainer(engineWith([]), "", "/run/mesh"), {
      code: "CONFIGURATION_INVALID",
      message: "expected the agent to run in a container: start it with compose/mesh.yaml",
    });
  });

  it("must have a mount for its socket, which sidecars need", async () => {
    await assert.rejects(inspectOwnContainer(engineWith([]), MOUNTINFO, "/run/mesh"), {
      code: "CONFIGURATION_INVALID",
      message:
        "expected a volume mounted at /run/mesh in the agent's container: sidecars reach the agent through it",
    });
  });

  for (const [what, mount, type, source] of [
    [
      "a volume, by its name",
      { Type: "volume", Name: "mesh_run", Source: "/var/lib/docker/volumes/mesh_run/_data" },
      "volume",
      "mesh_run",
    ],
    ["a directory of the host", { Type: "bind", Source: "/srv/mesh" }, "bind", "/srv/mesh"],
  ] as const) {
    it(`gives sidecars its image and, read-only, ${what}`, async () => {
      const mounts = [
        { Type: "bind", Source: "/var/run/docker.sock", Destination: "/var/run/docker.sock" },
        { ...mount, Destination: "/run/mesh" },
      ];
      assert.deepEqual(await inspectOwnContainer(engineWith(mounts), MOUNTINFO, "/run/mesh"), {
        id: ID,
        image: "sha256:1",
        socketMount: { Type: type, Source: source, Target: "/run/mesh", ReadOnly: true },
      });
    });
  }
});

describe("a second agent on one engine", () => {
  const listing = (...agents: readonly [id: string, created: number][]): Docker => {
    const listed = agents.map(([Id, Created]) => ({ Id, Created, Names: [`/agent-${Id}`] }));
    return { listContainers: () => Promise.resolve(listed) } as unknown as Docker;
  };

  for (const [what, agents] of [
    [
      "an older one runs",
      [
        ["own", 20],
        ["a", 10],
      ],
    ],
    [
      "one as old runs",
      [
        ["own", 20],
        ["a", 20],
      ],
    ],
    ["it does not say itself that it is one", [["a", 30]]],
  ] as const) {
    it(`gives way when ${what}`, async () => {
      await assert.rejects(
        refuseSecondAgent(
          listing(...agents.map(([id, at]) => [id, at] as [string, number])),
          "own",
        ),
        {
          code: "CONFIGURATION_INVALID",
          message:
            "expected to be the only agent of this engine, found another one in container agent-a: stop one of the two",
        },
      );
    });
  }

  it("stays when it is alone, or the older one", async () => {
    await refuseSecondAgent(listing(["own", 20]), "own");
    await refuseSecondAgent(listing(["own", 20], ["z", 20], ["a", 30]), "own");
  });
});
