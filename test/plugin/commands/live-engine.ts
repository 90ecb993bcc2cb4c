// An engine whose agent is real as far as the command can tell: what is executed in its container is this very command,
// which asks an API on a unix socket.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { text } from "node:stream/consumers";
import { runCommandLine, type Terminal } from "../../../plugin/commands/command-line.ts";
import { frame } from "./fake-engine.ts";

interface Exec {
  readonly Cmd: readonly string[];
  readonly Env?: readonly string[];
}

interface Ended {
  readonly output: string;
  readonly error: string;
  readonly code: number;
}

/** Not yet listening. */
export function liveEngine(apiSocket: string): Server {
  const execs: Exec[] = [];
  const ended: Ended[] = [];
  const server = createServer((request, response) => {
    void answer(request, response);
  });
  server.on("upgrade", (request, socket) => void attach(request.url ?? "", socket));
  return server;

  /** A command whose input and output are the connection. */
  async function attach(url: string, connection: Duplex): Promise<void> {
    const number = Number(/^\/exec\/e(\d+)\/start/.exec(url)?.[1]);
    connection.write("HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n");
    const closed = new Promise<string>((resolve) => connection.once("end", () => resolve("")));
    connection.on("error", () => undefined).resume();
    const code = await execute(execs[number], {
      print: (printed) => void connection.write(frame(1, printed)),
      printError: (printed) => void connection.write(frame(2, printed)),
      readInput: () => closed,
    });
    ended[number] = { output: "", error: "", code };
    connection.end();
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    const { pathname } = new URL(request.url ?? "/", "http://engine");
    const [, number = "", start] = /^\/exec\/e(\d+)\/(start|json)$/.exec(pathname) ?? [];
    if (pathname === "/containers/json") {
      send(response, 200, [{ Id: "a1", Names: ["/mesh-agent-1"] }]);
    } else if (pathname === "/containers/a1/exec") {
      const id = execs.push(JSON.parse(body) as Exec) - 1;
      send(response, 201, { Id: `e${id}` });
    } else if (start === "start") {
      const result = await run(execs[Number(number)]);
      ended[Number(number)] = result;
      response.writeHead(200, { "content-type": "application/vnd.docker.raw-stream" });
      response.end(Buffer.concat([frame(2, result.error), frame(1, result.output)]));
    } else if (start === "json") {
      send(response, 200, { ExitCode: ended[Number(number)]?.code, Running: false });
    } else if (pathname === "/version") {
      send(response, 200, { Version: "an engine", ApiVersion: "1.41" });
    } else if (pathname === "/info") {
      send(response, 200, { Name: "node-a" });
    } else {
      send(response, 404, { message: `page not found: ${pathname}` });
    }
  }

  async function run(exec: Exec | undefined): Promise<Ended> {
    const output: string[] = [];
    const error: string[] = [];
    const code = await execute(exec, {
      print: (printed) => void output.push(printed),
      printError: (printed) => void error.push(printed),
      readInput: async () => "",
    });
    return { output: output.join(""), error: error.join(""), code };
  }

  async function execute(
    exec: Exec | undefined,
    streams: Omit<Terminal, "environment">,
  ): Promise<number> {
    const variables = (exec?.Env ?? []).map((entry) => {
      const equals = entry.indexOf("=");
      return [entry.slice(0, equals), entry.slice(equals + 1)] as const;
    });
    const environment = { MESH_API_SOCKET: apiSocket, ...Object.fromEntries(variables) };
    // Behind `node /app/cli.mjs`.
    const args = exec?.Cmd.slice(2) ?? [];
    return await runCommandLine(args, { ...streams, environment }, new AbortController().signal);
  }
}

function send(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(value));
}
