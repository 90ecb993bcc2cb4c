// An application whose mood a test changes while it runs, and the calls that a container makes to it: for policies,
// which are about services that are well, slow, failing or gone.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { docker, provided } from "./docker.ts";
import type { ComposeProject } from "./project.ts";

const run = promisify(execFile);

/** Answers with who it is and what it got; `/mood?fail=1&delay=50` (of each request, ms), `/stream`, upgrades as echo. */
const MOODY = `
const http = require("node:http");
const mood = { fail: 0, delay: 0 };
let asked = 0;
const server = http.createServer((q, s) => {
  const url = new URL(q.url, "http://x");
  if (url.pathname === "/mood") {
    for (const [name, value] of url.searchParams) mood[name] = Number(value);
    return s.end(JSON.stringify({ mood, asked }));
  }
  asked += 1;
  if (url.pathname === "/stream") {
    const timer = setInterval(() => s.write("more\\n"), 20);
    return s.on("close", () => clearInterval(timer));
  }
  let body = "";
  q.on("data", (c) => (body += c)).on("end", () => setTimeout(() => {
    if (Math.random() < mood.fail) s.statusCode = 500;
    s.end(JSON.stringify({ replica: require("node:os").hostname(), method: q.method, url: q.url, headers: q.headers, remote: q.socket.remoteAddress, body }));
  }, mood.delay));
}).on("upgrade", (q, socket) => {
  socket.write("HTTP/1.1 101 Switching Protocols\\r\\nConnection: Upgrade\\r\\nUpgrade: echo\\r\\n\\r\\n");
  socket.on("error", () => {}).pipe(socket);
});
server.listen(8080, "0.0.0.0");
process.on("SIGTERM", () => process.exit(0));
`;

/** Calls one after another on kept connections, and prints what came back. */
const CALLS = `
const http = require("node:http");
const [url, count, options] = [process.argv[1], Number(process.argv[2]), JSON.parse(process.argv[3])];
const agent = new http.Agent({ keepAlive: true, maxSockets: options.together ?? 1 });
const call = () => new Promise((resolve) => {
  const begun = performance.now();
  const done = (answer) => resolve({ ...answer, milliseconds: performance.now() - begun });
  http.request(url, { agent, method: options.method ?? "GET", headers: options.headers ?? {}, timeout: 10000 }, (r) => {
    let body = "";
    r.on("data", (c) => (body += c)).on("end", () => done({ status: r.statusCode, headers: r.headers, body })).on("error", () => done({ status: 0, headers: {}, body }));
  }).on("error", (e) => done({ status: 0, headers: {}, body: String(e.code) })).end();
});
(async () => {
  const answers = [];
  const worker = async () => { while (answers.length < count) { answers.push(undefined); const at = answers.length - 1; answers[at] = await call(); } };
  await Promise.all(Array.from({ length: options.together ?? 1 }, worker));
  process.stdout.write(JSON.stringify(answers), () => process.exit(0));
})();
`;

/** Opens \`/stream\`, says so, and says when it ends. */
const FOLLOW_STREAM = `
const request = require("node:http").get(process.argv[1], (r) => {
  let told = false;
  r.on("data", () => { if (!told) console.log("open " + r.statusCode + " " + Date.now()); told = true; });
  const over = () => { console.log("over " + Date.now()); process.exit(0); };
  r.on("end", over).on("error", over).on("aborted", over);
});
request.on("error", () => { console.log("over " + Date.now()); process.exit(0); });
`;

/** Upgrades a connection to an echo, says when that is open, and when it ends. */
const OPEN_ECHO = `
const socket = require("node:net").connect(8080, process.argv[1], () =>
  socket.write("GET / HTTP/1.1\\r\\nHost: x\\r\\nConnection: Upgrade\\r\\nUpgrade: echo\\r\\n\\r\\n"));
socket.once("data", (bytes) => /^HTTP.1.1 101/.test(bytes) ? console.log("open") : socket.destroy());
socket.on("error", () => {}).on("close", () => { console.log("over"); process.exit(0); }).resume();
`;

export interface Call {
  /** 0: no answer. */
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly milliseconds: number;
}

export interface CallOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** How many at once. */
  readonly together?: number;
}

/** A compose service that runs the application. */
export function moodyService(labels: Readonly<Record<string, string>>, more: object = {}): object {
  return {
    image: provided("MESH_DEMO_IMAGE"),
    command: ["node", "-e", MOODY.replaceAll("$", "$$$$")],
    init: true,
    stop_grace_period: "2s",
    labels: { "mesh.enable": "true", "mesh.port": "8080", ...labels },
    ...more,
  };
}

/** Requests from inside a container. */
export async function callFrom(
  containerId: string,
  url: string,
  count: number,
  options: CallOptions = {},
): Promise<readonly Call[]> {
  const text = JSON.stringify(options);
  const printed = await docker("exec", containerId, "node", "-e", CALLS, url, String(count), text);
  return JSON.parse(printed) as Call[];
}

/** How many calls each replica has answered. */
export function byReplica(calls: readonly Call[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { status, body } of calls) {
    if (status !== 200) continue;
    const { replica } = JSON.parse(body) as { replica: string };
    counts.set(replica, (counts.get(replica) ?? 0) + 1);
  }
  return counts;
}

/** Changes how one container's application answers; tells how many requests it has had. */
export async function setMood(
  containerId: string,
  mood: { readonly fail?: number; readonly delay?: number } = {},
): Promise<number> {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(mood)) query.set(name, String(value));
  const script = "fetch(process.argv[1]).then(async (r) => console.log(await r.text()))";
  const url = `http://127.0.0.1:8080/mood?${query}`;
  const printed = await docker("exec", containerId, "node", "-e", script, url);
  return (JSON.parse(printed) as { asked: number }).asked;
}

/** Follows an endless response from inside a container; resolves with how it went once it is over. */
export async function followStream(
  project: ComposeProject,
  from: string,
  url: string,
): Promise<string> {
  return await project.exec(from, "node", "-e", FOLLOW_STREAM, url);
}

/** A connection that stays open until somebody ends it. */
export interface OpenEcho {
  /** Resolves when it is open; never does when it is refused. */
  readonly opened: Promise<void>;
  /** Resolves when it has ended: `open over`, or `over` when it was refused. */
  readonly over: Promise<string>;
}

/** Opens one from inside a service's container to an echo. */
export async function openEcho(
  project: ComposeProject,
  from: string,
  to: string,
): Promise<OpenEcho> {
  const [id] = await project.containersOf(from);
  const running = run("docker", ["exec", String(id), "node", "-e", OPEN_ECHO, to], {
    timeout: 60_000,
  });
  const opened = Promise.withResolvers<void>();
  running.child.stdout?.once("data", () => opened.resolve());
  const over = running.then(({ stdout }) => stdout.trim().replaceAll("\n", " "));
  return { opened: opened.promise, over };
}
