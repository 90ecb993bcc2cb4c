import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { daemonConfiguration, daemonPaths } from "../../scripts/engine/daemon-paths.ts";
import {
  isDaemon,
  mountPointsBeneath,
  remainingProcesses,
} from "../../scripts/engine/leftovers.ts";
import { undoRules } from "../../scripts/engine/network-traces.ts";

const PATHS = daemonPaths("/state/engine");

describe("an engine of our own", () => {
  it("keeps all its files beneath one directory", () => {
    for (const path of [PATHS.config, PATHS.data, PATHS.exec, PATHS.pid, PATHS.log]) {
      assert.ok(path.startsWith("/state/engine/"), path);
    }
    const configuration = JSON.stringify(daemonConfiguration(PATHS, "/run/docker.sock"));
    assert.match(configuration, /"unix:\/\/\/run\/docker\.sock"/);
  });

  it("is known by its configuration file, not by its process id", () => {
    const of = (...words: string[]) => ({ pid: 1, parent: 0, words });
    assert.ok(isDaemon(of("dockerd", "--config-file", "/state/engine/daemon.json"), PATHS));
    assert.ok(isDaemon(of("/usr/sbin/dockerd", "--config-file", PATHS.config), PATHS));
    assert.ok(!isDaemon(of("dockerd", "--config-file", "/etc/docker/daemon.json"), PATHS));
    assert.ok(!isDaemon(of("vi", "--config-file", PATHS.config), PATHS));
    assert.ok(!isDaemon(of("dockerd"), PATHS));
  });

  it("leaves containerd, shims and what runs in them, and nothing of another engine", () => {
    const shim = (pid: number, exec: string) => ({
      pid,
      parent: 1,
      words: ["/usr/bin/containerd-shim-runc-v2", "-address", `${exec}/containerd/containerd.sock`],
    });
    const processes = [
      { pid: 10, parent: 1, words: ["containerd", "--config", `${PATHS.exec}/containerd/c.toml`] },
      shim(20, PATHS.exec),
      { pid: 21, parent: 20, words: ["node", "/app/agent.mjs"] },
      { pid: 22, parent: 21, words: ["sleep", "1"] },
      shim(30, "/run/docker"),
      { pid: 31, parent: 30, words: ["node", "/app/agent.mjs"] },
      { pid: 40, parent: 1, words: ["less", `${PATHS.exec}/containerd/c.toml`] },
    ];
    const pids = remainingProcesses(processes, PATHS).map(({ pid }) => pid);
    assert.deepEqual(pids.toSorted(), [10, 20, 21, 22]);
  });

  it("leaves mounts, which are taken away from the inside out", () => {
    const mountinfo = [
      "45 27 254:0 / /state/engine/data rw - ext4 /dev/vda rw",
      "90 45 0:51 / /state/engine/data/overlay2/a/merged rw - overlay overlay rw",
      "91 27 0:51 / /state/engine-other rw - overlay overlay rw",
      "92 27 0:4 net:[1] /state/engine/exec/net\\040ns rw - nsfs nsfs rw",
      "",
    ].join("\n");
    assert.deepEqual(mountPointsBeneath(mountinfo, "/state/engine"), [
      "/state/engine/data/overlay2/a/merged",
      "/state/engine/exec/net ns",
      "/state/engine/data",
    ]);
  });

  it("leaves firewall rules, which are taken back without touching anybody else's", () => {
    const rules = [
      "-P FORWARD DROP",
      "-N DOCKER",
      "-N MINE",
      "-A FORWARD -o docker0 -j DOCKER",
      "-A FORWARD -i br-0123456789ab -j ACCEPT",
      "-A FORWARD -i br-ffffffffffff -j ACCEPT",
      '-A INPUT -m comment --comment "not ours" -j MINE',
      "-A DOCKER -d 198.18.0.2/32 -j ACCEPT",
      "-A POSTROUTING -s 198.18.0.2/32 -d 198.18.0.2/32 -p tcp -j MASQUERADE",
      "-A POSTROUTING -s 10.0.0.0/8 -j MASQUERADE",
    ];
    const undone = undoRules(rules, ["docker0", "br-0123456789ab"]).map((words) => words.join(" "));
    assert.deepEqual(undone, [
      "-D FORWARD -o docker0 -j DOCKER",
      "-D FORWARD -i br-0123456789ab -j ACCEPT",
      "-D POSTROUTING -s 198.18.0.2/32 -d 198.18.0.2/32 -p tcp -j MASQUERADE",
      "-F DOCKER",
      "-X DOCKER",
    ]);
  });
});
