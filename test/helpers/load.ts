// A service under load from within the mesh: its callers open a connection for each request, keep connections, and read
// long responses, all at once and for as long as they run; what failed is kept, with the moment and the reason.

import { provided } from "./docker.ts";
import type { ComposeProject } from "./project.ts";

/** Answers at once, or under /stream with a hundred pieces in ten seconds; refuses who did not come through the mesh. */
const SERVER = `
const http = require("node:http");
http.createServer((q, s) => {
  if (!q.headers["x-forwarded-client-cert"]) return s.writeHead(421).end();
  if (q.url !== "/stream") return s.end("here");
  let sent = 0;
  const timer = setInterval(() => {
    s.write("piece ");
    if (++sent === 100) { clearInterval(timer); s.end("end"); }
  }, 100);
  s.on("close", () => clearInterval(timer));
}).listen(8080);
process.on("SIGTERM", () => process.exit(0));
`;

/** How much is asked for at the same time. */
interface Load {
  /** Requests on connections of their own: so many each so many ms. */
  readonly fresh: number;
  readonly every: number;
  /** Callers with a connection each, which rest for so many ms. */
  readonly kept: number;
  readonly rest: number;
  /** Readers of long responses. */
  readonly streams: number;
}

/** 300 requests a second on connections of their own. */
const HEAVY: Load = { fresh: 3, every: 10, kept: 4, rest: 5, streams: 3 };
/** What somebody does who looks whether a service is there. */
export const GENTLE: Load = { fresh: 1, every: 50, kept: 1, rest: 50, streams: 1 };

const CALLERS = `
const load = JSON.parse(process.argv[1]);
const http = require("node:http");
const counts = { fresh: 0, kept: 0, streams: 0, failures: [] };
const ask = (path, agent, done) => {
  let text = "";
  const fail = (error) => done(String(error.code ?? error));
  http.get({ host: "orders", port: 8080, path, agent, timeout: 30000 }, (r) => {
    r.setEncoding("utf8").on("data", (t) => (text += t)).on("error", fail);
    r.on("end", () => done(r.statusCode === 200 && r.complete && text.endsWith(path === "/" ? "here" : "end") ? undefined : "status " + r.statusCode + ": " + text.slice(-60)));
  }).on("error", fail).on("timeout", function () { this.destroy(new Error("timeout")); });
};
const count = (kind, then) => {
  let told = false;
  return (failure) => {
    if (told) return;
    told = true;
    if (failure === undefined) counts[kind] += 1;
    else counts.failures.push(new Date().toISOString() + " " + kind + " " + failure);
    then?.();
  };
};
const keep = (agent) => ask("/", agent, count("kept", () => setTimeout(keep, load.rest, agent)));
const read = () => ask("/stream", false, count("streams", read));
const begin = () => {
  setInterval(() => { for (let i = 0; i < load.fresh; i++) ask("/", false, count("fresh")); }, load.every);
  for (let i = 0; i < load.kept; i++) keep(new http.Agent({ keepAlive: true, maxSockets: 1 }));
  for (let i = 0; i < load.streams; i++) setTimeout(read, i * 3000);
};
const wait = () => ask("/", false, (failure) => (failure === undefined ? begin() : setTimeout(wait, 100)));
let waiting = false;
const once = () => { if (!waiting) { waiting = true; wait(); } };
http.createServer((q, s) => { once(); s.end(JSON.stringify(counts)); }).listen(9000);
process.on("SIGTERM", () => process.exit(0));
`;

/** How many requests of each kind were served, and what became of the others. */
export interface LoadCounts {
  readonly fresh: number;
  readonly kept: number;
  readonly streams: number;
  readonly failures: readonly string[];
}

export function streamingService(labels: Readonly<Record<string, string>>): object {
  return application(SERVER, labels);
}

/** Calls `orders` from the first {@link readLoad} on, once a first request has been answered. */
export function loadService(labels: Readonly<Record<string, string>>, load: Load = HEAVY): object {
  return application(CALLERS, labels, JSON.stringify(load));
}

export async function readLoad(project: ComposeProject, service: string): Promise<LoadCounts> {
  const script = "fetch('http://127.0.0.1:9000/').then((r) => r.text()).then(console.log)";
  return JSON.parse(await project.exec(service, "node", "-e", script)) as LoadCounts;
}

function application(
  program: string,
  labels: Readonly<Record<string, string>>,
  ...args: readonly string[]
): object {
  return {
    image: provided("MESH_DEMO_IMAGE"),
    command: ["node", "-e", program.replaceAll("$", "$$$$"), ...args],
    init: true,
    stop_grace_period: "2s",
    labels,
  };
}
