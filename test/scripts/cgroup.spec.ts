import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { parseHierarchies } from "../../scripts/engine/cgroup.ts";

const ROOT = "22 1 254:0 / / rw,relatime - ext4 /dev/vda rw";

describe("the cgroups of a machine", () => {
  it("are found where version 1 has one hierarchy a controller", () => {
    const mounts = [
      ROOT,
      "30 24 0:26 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755",
      "31 30 0:27 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct",
      "32 30 0:28 / /sys/fs/cgroup/cpuset rw shared:9 - cgroup cgroup rw,cpuset",
      "33 30 0:29 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw",
      "",
    ];
    assert.deepEqual(parseHierarchies(mounts.join("\n")), [
      { root: "/sys/fs/cgroup/cpu,cpuacct", version: 1, processor: true },
      { root: "/sys/fs/cgroup/cpuset", version: 1, processor: false },
      { root: "/sys/fs/cgroup/unified", version: 2, processor: true },
    ]);
  });

  it("are found where version 2 has one hierarchy for all", () => {
    const mounts = [ROOT, "30 24 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw"];
    assert.deepEqual(parseHierarchies(mounts.join("\n")), [
      { root: "/sys/fs/cgroup", version: 2, processor: true },
    ]);
  });
});
