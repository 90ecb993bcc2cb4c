// The console's page before an agent that is not there: a mesh of any size, made up, for what no machine of tests can run.
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import { seededRandom } from "../../mesh/seeded-random.ts";
import { pageFiles } from "../../plugin/console/page-files.ts";
import {
  type ConsoleView,
  type EdgeView,
  PATHS,
  type SessionView,
} from "../../plugin/console/view.ts";
import type { ServiceStatus } from "../../plugin/status.ts";

const SESSION: SessionView = {
  role: "admin",
  expiresAt: Date.now() + 3_600_000,
  csrf: "x",
  consul: false,
};
/** ms between two views, as the agent sends them at most. */
const INTERVAL = 1_000;

/** Serves the page of that folder with views from `next`, one a second, to everybody. */
export class ConsoleStub implements AsyncDisposable {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(folder: string, next: () => ConsoleView): Promise<ConsoleStub> {
    const app = express();
    const stub = new ConsoleStub(createServer(app));
    app.use(await pageFiles(folder));
    app.get(PATHS.session, (_request, response) => void response.json(SESSION));
    app.get(PATHS.events, (request, response) => stub.#stream(request, response, next));
    app.get(`${PATHS.mesh}/v1/services/:name/endpoints`, (_request, response) => {
      response.json({ endpoints: [] });
    });
    stub.#server.listen(0, "127.0.0.1");
    await once(stub.#server, "listening");
    return stub;
  }

  get address(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  #stream(request: IncomingMessage, response: ServerResponse, next: () => ConsoleView): void {
    response.writeHead(200, { "content-type": "text/event-stream" });
    const send = (): void => void response.write(`data: ${JSON.stringify(next())}\n\n`);
    send();
    const timer = setInterval(send, INTERVAL);
    request.once("close", () => clearInterval(timer));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
  }
}

/** So many services in layers, each calling some of the next layer; other rates with each view. */
export function largeMesh(services: number): () => ConsoleView {
  const random = seededRandom(services);
  const names = Array.from(
    { length: services },
    (_, index) => `service-${String(index).padStart(3, "0")}`,
  );
  const pairs = names.flatMap((source, index) => {
    const targets = [2 * index + 1, 2 * index + 2, 3 * index + 5].map((at) => names[at]);
    return targets.flatMap((destination) =>
      destination === undefined ? [] : [{ source, destination }],
    );
  });
  const listed = names.map(
    (service): ServiceStatus => ({
      ...{ service, protocol: "http", ports: [8080], instances: 2, passing: 2, policyVersion: 0 },
    }),
  );
  return () => ({
    at: Date.now(),
    status: {
      agent: {
        ...{ version: "0.1.0", node: "large", engineVersion: "28.5", catalog: "embedded" },
        ...{ catalogReachable: true, trustDomain: "large.mesh", startedAt: 0 },
      },
      ...{ nodes: [], services: listed, workloads: [], problems: [] },
    },
    edges: pairs.map((pair): EdgeView => {
      const p50 = 1 + random() * 5;
      return {
        ...pair,
        ...{
          security: "mtls",
          requestsPerSecond: random() * 100,
          errorShare: 0,
          p50,
          p99: p50 * 4,
        },
        ...{ openStreams: 0, streamBytesPerSecond: 0, versions: {} },
      };
    }),
  });
}
