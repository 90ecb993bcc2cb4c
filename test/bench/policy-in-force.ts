// Measures how long a policy takes from its write at the agent's API until every caller's sidecar follows it, with a real
// agent and a real Consul. Run with `npm run bench:start`; prints figures, asserts nothing.
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { Mesh } from "../helpers/mesh.ts";
import { ComposeProject, echoService } from "../helpers/project.ts";

const PROJECT = "mesh-test-bench";
const CHANGES = 100;
const CALLERS = ["one", "two", "three"];

/** Asks every 5 ms and prints the wall clock at which another status came, with it. */
const WATCH = `
const http = require("node:http");
const agent = new http.Agent({ keepAlive: true });
let last = 0;
(function ask() {
  const q = http.get({ host: "target", port: 8080, agent, timeout: 1000 }, (r) => {
    r.resume();
    if (r.statusCode !== last) console.log(Date.now() + " " + (last = r.statusCode));
    setTimeout(ask, 5);
  });
  q.on("error", () => setTimeout(ask, 5));
})();
`;

/** Writes a policy for each line, and prints when the write began and what became of it. */
const WRITE = `
const http = require("node:http");
let etag;
const put = (abort) => new Promise((resolve, reject) => {
  const headers = { "content-type": "application/json", ...(etag ? { "if-match": etag } : { "if-none-match": "*" }) };
  const q = http.request({ socketPath: "/run/docker-mesh/api.sock", method: "PUT", path: "/v1/services/${PROJECT}-target/policy", headers }, (r) => {
    etag = r.headers.etag;
    r.resume().on("end", () => resolve(r.statusCode));
  }).on("error", reject);
  q.end(JSON.stringify({ route: { all: { abort } } }));
});
require("node:readline").createInterface({ input: process.stdin }).on("line", async (line) => {
  const begun = Date.now();
  console.log(begun + " " + (await put(line)));
});
`;

type Process = ChildProcessByStdio<Writable, Readable, null>;

function run(
  containerId: string,
  script: string,
): { child: Process; lines: AsyncIterator<string> } {
  const child = spawn("docker", ["exec", "-i", containerId, "node", "-e", script], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
}

/** The two numbers of a line. */
async function next(lines: AsyncIterator<string>): Promise<readonly [number, number]> {
  const [first, second] = String((await lines.next()).value).split(" ");
  return [Number(first), Number(second)];
}

await using mesh = await Mesh.start();
const service = echoService({ "mesh.enable": "true" });
await using project = await ComposeProject.up(PROJECT, {
  services: { target: service, ...Object.fromEntries(CALLERS.map((name) => [name, service])) },
});
const all = ["target", ...CALLERS].map((name) => [`${PROJECT}-${name}`, 1] as const);
await mesh.untilReady(Object.fromEntries(all));
const writer = run(await mesh.containerOf("agent"), WRITE);
const ids = await Promise.all(CALLERS.map((name) => project.containersOf(name)));
const watchers = ids.map(([id]) => run(String(id), WATCH));
for (const { lines } of watchers) await next(lines);
const times: number[] = [];
for (let change = 0; change < CHANGES; change += 1) {
  const status = 500 + (change % 2);
  writer.child.stdin.write(`${status}\n`);
  const [begun, answer] = await next(writer.lines);
  if (answer !== 200 && answer !== 201) throw new Error(`the API answered ${answer}`);
  const seen = await Promise.all(watchers.map(({ lines }) => next(lines)));
  times.push(Math.max(...seen.map(([at]) => at)) - begun);
}
for (const { child } of [writer, ...watchers]) child.kill();
times.sort((a, b) => a - b);
const at = (share: number): number => times[Math.ceil(share * times.length) - 1] ?? Number.NaN;
console.log(
  `policy written → in force at ${CALLERS.length} callers, ${CHANGES} changes: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, max ${at(1)} ms`,
);
