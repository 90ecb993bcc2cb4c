// Measures how long a container takes from its `start` event to its first answer through the mesh, and what an idle
// sidecar holds in memory. Run with `npm run bench:start`; prints figures, asserts nothing.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { docker } from "../helpers/docker.ts";
import { Mesh } from "../helpers/mesh.ts";
import { ComposeProject, echoService, sidecarsOf } from "../helpers/project.ts";

const PROJECT = "mesh-test-bench";
const STARTS = 20;

/** Asks without pause, from inside the caller, until the target answers; prints the wall clock of the first answer. */
const PROBE = `
const http = require("node:http");
const agent = new http.Agent({ keepAlive: false });
(function ask() {
  const q = http.get({ host: "target", port: 8080, agent, timeout: 1000 }, (r) => {
    r.resume();
    if (r.statusCode === 200) { console.log(Date.now()); process.exit(); } else setTimeout(ask, 2);
  });
  q.on("error", () => setTimeout(ask, 2));
})();
`;

await using mesh = await Mesh.start();
await using project = await ComposeProject.up(PROJECT, {
  services: {
    caller: echoService({ "mesh.enable": "true" }),
    target: echoService({ "mesh.enable": "true" }),
  },
});
await mesh.untilReady({ [`${PROJECT}-caller`]: 1, [`${PROJECT}-target`]: 1 });
const [caller] = await project.containersOf("caller");
const [target] = await project.containersOf("target");
const times: number[] = [];
for (let start = 0; start < STARTS; start += 1) {
  await docker("stop", "-t", "1", String(target));
  await mesh.untilReady({ [`${PROJECT}-target`]: 0 });
  times.push(await measureStart(String(caller), String(target)));
  await mesh.untilReady({ [`${PROJECT}-target`]: 1 });
}
times.sort((a, b) => a - b);
const at = (share: number): number =>
  times[Math.min(times.length - 1, Math.ceil(share * times.length) - 1)] ?? Number.NaN;
console.log(
  `start event → first answer through the mesh, ${STARTS} starts: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, min ${times[0]} ms`,
);
console.log(`idle sidecar: ${await residentMemory(String(target))}`);

/** From the engine's own time of the `start` event to the first answer. Both clocks are the node's. */
async function measureStart(callerId: string, targetId: string): Promise<number> {
  const since = Math.floor(Date.now() / 1000);
  const probe = spawn("docker", ["exec", callerId, "node", "-e", PROBE], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const answered = createInterface({ input: probe.stdout })[Symbol.asyncIterator]().next();
  await docker("start", targetId);
  const answeredAt = Number((await answered).value);
  const until = Math.ceil(Date.now() / 1000) + 1;
  const filter = ["--filter", `container=${targetId}`, "--filter", "event=start"];
  const events = await docker(
    "events",
    "--since",
    String(since),
    "--until",
    String(until),
    ...filter,
    "--format",
    "{{.TimeNano}}",
  );
  return answeredAt - Number(BigInt(events.split("\n").at(-1) ?? "0") / 1_000_000n);
}

/** Resident and private memory of the target's sidecar, from the kernel. */
async function residentMemory(targetId: string): Promise<string> {
  const [sidecar] = await sidecarsOf(targetId);
  const rollup = await docker("exec", String(sidecar), "cat", "/proc/1/smaps_rollup");
  const kilobytes = (name: string): number =>
    [...rollup.matchAll(new RegExp(`^${name}:\\s+(\\d+)`, "gm"))].reduce(
      (sum, match) => sum + Number(match[1]),
      0,
    );
  const privateKilobytes = kilobytes("Private_Clean") + kilobytes("Private_Dirty");
  return `RSS ${Math.round(kilobytes("Rss") / 1024)} MB, of which private ${Math.round(privateKilobytes / 1024)} MB`;
}
