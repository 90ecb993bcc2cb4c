// The few calls of the Docker Engine's API that reach an agent, answered over a real unix socket.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";

export interface FakeExec {
  readonly output: string;
  readonly error: string;
  readonly exitCode: number;
}

export interface FakeEngine {
  readonly server: Server;
  /** Method, path and body of each call, in order. */
  readonly calls: readonly string[];
}

/** An engine with one agent that runs `exec` and has these ports, or with none. Not yet listening. */
export function fakeEngine(
  exec: FakeExec | undefined,
  apiVersion = "1.41",
  ports: readonly object[] = [],
): FakeEngine {
  const calls: string[] = [];
  const agents = exec === undefined ? [] : [{ Id: "a1", Names: ["/mesh-agent-1"], Ports: ports }];
  const server = createServer((request, response) => {
    void answer(request, response, { exec, agents, calls, apiVersion });
  });
  return { server, calls };
}

interface Answers {
  readonly exec: FakeExec | undefined;
  readonly agents: readonly object[];
  readonly calls: string[];
  readonly apiVersion: string;
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { exec, agents, calls, apiVersion }: Answers,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks).toString();
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://engine");
  calls.push(`${request.method} ${pathname} ${searchParams.get("filters") ?? body}`.trim());
  if (pathname === "/exec/e1/start") return sendOutput(response, exec);
  const answers: Readonly<Record<string, readonly [number, unknown]>> = {
    "/containers/json": [200, agents],
    "/containers/a1/exec": [201, { Id: "e1" }],
    "/exec/e1/json": [200, { ExitCode: exec?.exitCode, Running: false }],
    "/version": [200, { Version: "an engine", ApiVersion: apiVersion }],
    "/info": [200, { Name: "node-a" }],
  };
  const [status, value] = answers[pathname] ?? [404, { message: `page not found: ${pathname}` }];
  sendJson(response, status, value);
}

/** The frames of the two outputs alternate, and no chunk ends where a frame does. */
function sendOutput(response: ServerResponse, exec: FakeExec | undefined): void {
  response.writeHead(200, { "content-type": "application/vnd.docker.raw-stream" });
  const bytes = Buffer.concat([
    frame(2, exec?.error ?? ""),
    ...halves(exec?.output ?? "").map((text) => frame(1, text)),
  ]);
  for (let at = 0; at < bytes.length; at += 5) response.write(bytes.subarray(at, at + 5));
  response.end();
}

export function frame(stream: number, text: string): Buffer {
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(Buffer.byteLength(text), 4);
  return Buffer.concat([header, Buffer.from(text)]);
}

function halves(text: string): readonly string[] {
  return [text.slice(0, text.length / 2), text.slice(text.length / 2)];
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(value));
}
