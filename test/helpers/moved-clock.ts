// The mesh with a clock that tests move, for one workload's sidecar or for the agent, while all others go on as they are.
// Every program of the image runs with Debian's libfaketime, which reads by how much to lie from a file, named after the
// host, in the volume that agent and sidecars share. A sidecar has the host name of its workload. Only the time of day
// moves, as it does when a clock is set; nothing moves while there is no file.
import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { docker, provided } from "./docker.ts";
import type { Mesh } from "./mesh.ts";

const FOLDER = "/run/mesh/clocks";
const LIBRARY = "/usr/lib/libfaketime.so.1";

/** Found before the real one, which lies in /usr/local/bin. */
const NODE = `#!/bin/sh
export LD_PRELOAD=${LIBRARY} FAKETIME_TIMESTAMP_FILE="${FOLDER}/$(hostname)" FAKETIME_CACHE_DURATION=1
export DONT_FAKE_MONOTONIC=1 FAKETIME_DONT_FAKE_MONOTONIC=1 FAKETIME_DONT_RESET=1
exec /usr/local/bin/node "$@"
`;

/** The mesh's image, but with a clock that can be moved; whoever builds it removes it. */
export async function buildMovableClock(image: string): Promise<void> {
  await using directory = await mkdtempDisposable(join(tmpdir(), "mesh-test-"));
  const recipe = [
    `FROM ${provided("MESH_TEST_TOOLS_IMAGE")} AS tools`,
    `FROM ${provided("MESH_IMAGE")}`,
    `COPY --from=tools /usr/lib/*/faketime/libfaketimeMT.so.1 ${LIBRARY}`,
    "COPY node /usr/local/sbin/node",
    "",
  ].join("\n");
  await writeFile(join(directory.path, "Dockerfile"), recipe);
  await writeFile(join(directory.path, "node"), NODE, { mode: 0o755 });
  await docker("build", "-q", "-t", image, directory.path);
}

/** Moves the clock of the agent and of the sidecars on these hosts to that many seconds from the true time. */
export async function moveClock(
  mesh: Mesh,
  hosts: readonly string[],
  seconds: number,
): Promise<void> {
  const agent = await mesh.containerOf("agent");
  const sign = seconds < 0 ? "" : "+";
  const script = `mkdir -p ${FOLDER}; for host in "$(hostname)" "$@"; do
    echo '${sign}${seconds}' >"${FOLDER}/$host.new" && mv "${FOLDER}/$host.new" "${FOLDER}/$host"; done`;
  await docker("exec", agent, "sh", "-c", script, "sh", ...hosts);
}

/** Seconds by which a container's clock is off. */
export async function clockError(container: string): Promise<number> {
  const now = await docker("exec", container, "node", "-p", "Date.now()");
  return (Number(now) - Date.now()) / 1_000;
}
