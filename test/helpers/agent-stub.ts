// The agent's side of a sidecar's socket, without an agent: publishes what a test gives it and keeps what is reported.
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { json } from "node:stream/consumers";
import {
  OBSERVED_REQUESTS_PATH,
  type ObservedRequests,
} from "../../proxy/configuration/observed-request.ts";
import {
  REPORT_PATH,
  type SidecarReport,
  SNAPSHOTS_PATH,
  type Snapshot,
} from "../../proxy/configuration/snapshot.ts";

async function read<T>(request: IncomingMessage): Promise<T> {
  return (await json(request)) as T;
}

export class AgentStub implements AsyncDisposable {
  readonly socket: string;
  readonly token = "token-of-the-test";
  readonly reports: SidecarReport[] = [];
  readonly observed: ObservedRequests[] = [];
  /** How batches of observed requests are answered: 204 takes them. */
  observedStatus = 204;
  /** How often a sidecar has asked for snapshots. */
  asked = 0;
  /** Requests without the right token. */
  refused = 0;
  readonly #streams = new Set<ServerResponse>();
  #line: string | undefined;
  #server: Server | undefined;

  constructor(socket: string) {
    this.socket = socket;
  }

  get lastReport(): SidecarReport | undefined {
    return this.reports.at(-1);
  }

  async start(): Promise<void> {
    this.#server = createServer((request, response) => {
      if (request.headers.authorization !== `Bearer ${this.token}`) {
        this.refused += 1;
        response.writeHead(401).end();
      } else if (request.url === SNAPSHOTS_PATH && request.method === "GET") {
        this.asked += 1;
        this.#streams.add(response);
        response.once("close", () => this.#streams.delete(response));
        response.writeHead(200).flushHeaders();
        if (this.#line !== undefined) response.write(this.#line);
      } else if (request.url === REPORT_PATH && request.method === "POST") {
        void read<SidecarReport>(request).then((report) => {
          this.reports.push(report);
          response.writeHead(204).end();
        });
      } else if (request.url === OBSERVED_REQUESTS_PATH && request.method === "POST") {
        void read<ObservedRequests>(request).then((batch) => {
          if (this.observedStatus === 204) this.observed.push(batch);
          response.writeHead(this.observedStatus).end();
        });
      }
    }).listen(this.socket);
    await once(this.#server, "listening");
  }

  publish(snapshot: Snapshot): void {
    this.publishLine(JSON.stringify(snapshot));
  }

  /** A line as it is, for what no agent of ours would write. */
  publishLine(line: string): void {
    this.#line = `${line}\n`;
    this.writeLine(line);
  }

  /** A line on the streams that are open; others begin as before. */
  writeLine(line: string): void {
    for (const stream of this.#streams) stream.write(`${line}\n`);
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    server.close();
    server.closeAllConnections();
    await once(server, "close");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
