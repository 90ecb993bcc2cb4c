// Prometheus' own way in: a port on which metrics can be read, and nothing else be done. In plaintext and without a token, as
// Prometheus expects it of what it scrapes: whoever reaches it learns the names of services and how much they call each other.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { CONTENT_TYPE, type Family, writeFamilies } from "../metrics/exposition.ts";
import { type Listening, listenOverTcp } from "./listening.ts";

export interface MetricsPlace {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
}

/** Listens until the signal aborts. Throws as {@link listenOverTcp} does. */
export async function serveMetrics(
  metrics: () => readonly Family[],
  place: MetricsPlace,
  signal: AbortSignal,
): Promise<Listening> {
  const server = createServer((request, response) => answer(metrics, request, response));
  return await listenOverTcp(server, { ...place, variable: "MESH_METRICS_LISTEN" }, signal);
}

function answer(
  metrics: () => readonly Family[],
  { method, url }: IncomingMessage,
  response: ServerResponse,
): void {
  if (url?.split("?", 1)[0] !== "/metrics")
    refuse(response, 404, "expected /metrics, the only path here");
  else if (method !== "GET" && method !== "HEAD") refuse(response, 405, "expected GET");
  else {
    response.writeHead(200, { "content-type": CONTENT_TYPE, "cache-control": "no-store" });
    response.end([...writeFamilies(metrics())].join(""));
  }
}

function refuse(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { "content-type": "text/plain", allow: "GET, HEAD" });
  response.end(`${message}\n`);
}
