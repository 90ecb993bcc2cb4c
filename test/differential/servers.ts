// The servers that our verdicts are compared with: Node's parser, and HAProxy and nginx as proxies, where the machine has
// them. Their configurations leave everything at its default that decides about requests.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../helpers/free-port.ts";
import type { Message } from "../helpers/http1-messages.ts";
import { readRequestsWithNode } from "../helpers/node-http-reader.ts";
import { Recorder } from "./recorder.ts";

/** What one server made of some bytes. */
export interface Verdict {
  /** Complete requests that it passed on or understood. */
  readonly messages: readonly Message[];
  /** It answered with an error or closed the connection. */
  readonly refused: boolean;
}

export interface Server {
  readonly name: string;
  judge(bytes: Buffer): Promise<Verdict>;
  close(): Promise<void>;
}

export const node: Server = {
  name: `Node ${process.versions.node}`,
  judge: async (bytes) => {
    const { messages, error } = await readRequestsWithNode(bytes);
    return { messages, refused: error !== undefined };
  },
  close: async () => undefined,
};

function haproxyText(port: number, origin: number): string {
  return `defaults
  mode http
  timeout connect 1s
  timeout client 2s
  timeout server 2s
frontend in
  bind 127.0.0.1:${port}
  default_backend out
backend out
  server origin 127.0.0.1:${origin}
`;
}

function nginxText(port: number, origin: number, folder: string): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `  ${name}_temp_path ${folder}/${name};`)
    .join("\n");
  return `daemon off;
pid ${folder}/pid;
error_log ${folder}/errors;
events {}
http {
  access_log off;
${temporary}
  server {
    listen 127.0.0.1:${port};
    client_max_body_size 0;
    client_body_buffer_size 1m;
    location / {
      proxy_pass http://127.0.0.1:${origin};
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
    }
  }
}
`;
}

/** HAProxy in front of an origin; undefined where it is not installed. */
export function haproxy(): Promise<Server | undefined> {
  return startProxy(
    "haproxy",
    (port, origin) => haproxyText(port, origin),
    (file) => ["-db", "-f", file],
  );
}

/** nginx in front of an origin; undefined where it is not installed. */
export function nginx(): Promise<Server | undefined> {
  return startProxy("nginx", nginxText, (file) => ["-c", file]);
}

async function startProxy(
  name: string,
  configuration: (port: number, origin: number, folder: string) => string,
  options: (file: string) => readonly string[],
): Promise<Server | undefined> {
  const program = find(name);
  if (program === undefined) return undefined;
  const folder = await mkdtemp(join(tmpdir(), "docker-mesh-differential-"));
  const recorder = await Recorder.start();
  const port = await freePort();
  const file = join(folder, "configuration");
  await writeFile(file, configuration(port, recorder.port, folder));
  const child = spawn(program, options(file), { stdio: "ignore" });
  await accepting(port, child);
  return {
    name,
    judge: (bytes) => judgeBy(recorder, port, bytes),
    close: async () => {
      const exited = once(child, "exit");
      child.kill("SIGTERM");
      await exited;
      recorder.close();
      await rm(folder, { recursive: true });
    },
  };
}

function find(name: string): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin"];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

async function accepting(port: number, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    if (child.exitCode !== null) throw new Error(`${child.spawnfile} ended at once`);
    const socket = connect(port, "127.0.0.1");
    const connected = await Promise.race([
      once(socket, "connect").then(() => true),
      once(socket, "error").then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (connected) return;
    await sleep(20);
  }
  throw new Error(`${child.spawnfile} does not accept connections`);
}

/** How long silence lasts that is taken for the end of what a server does with some bytes. */
const SILENCE = 60;

async function judgeBy(recorder: Recorder, port: number, bytes: Buffer): Promise<Verdict> {
  recorder.take();
  const socket = connect(port, "127.0.0.1");
  let answer = "";
  let closed = false;
  let last = performance.now();
  socket.on("data", (data) => {
    answer += data.toString("latin1");
    last = performance.now();
  });
  socket.on("error", () => undefined);
  socket.on("close", () => {
    closed = true;
  });
  socket.write(bytes);
  while (!closed && performance.now() - last < SILENCE) await sleep(5);
  socket.destroy();
  const messages = recorder.take();
  const statuses = [...answer.matchAll(/^HTTP\/1\.[01] (\d{3})/gm)].map(([, status]) => status);
  const errors = statuses.filter((status) => status !== "200" && status !== "100");
  return { messages, refused: errors.length > 0 || (closed && messages.length === 0) };
}
