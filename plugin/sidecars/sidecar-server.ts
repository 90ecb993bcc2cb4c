// The unix socket on which sidecars fetch snapshots and report: HTTP/1.1, one bearer token per sidecar.
// Paths and shapes stand in proxy/configuration/snapshot.ts, the contract.
import { once } from "node:events";
import { chmodSync } from "node:fs";
import { rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { describeError } from "../../mesh/errors.ts";
import type { Log } from "../../mesh/log.ts";
import {
  areNeighbours,
  CONTRACT,
  CONTRACT_FIELD,
  describeDistance,
  readContract,
} from "../../proxy/configuration/contract.ts";
import { OBSERVED_REQUESTS_PATH } from "../../proxy/configuration/observed-request.ts";
import {
  CHANGES_TYPE,
  type EndpointReport,
  REPORT_PATH,
  type SidecarCounters,
  type SidecarReport,
  SNAPSHOTS_PATH,
  type Snapshot,
} from "../../proxy/configuration/snapshot.ts";
import { readObservedRequests } from "./observed-shape.ts";
import type { SidecarSession, SidecarSessions } from "./sessions.ts";
import { changeLine, wholeLine } from "./snapshot-lines.ts";
import { isCalls, isTraffic } from "./traffic-shape.ts";

/** A report is some hundred bytes for each endpoint and each kind of outcome, a request observed no more than four thousand. */
const BODY_LIMIT = 4 * 1024 * 1024;

/**
 * Listens at `path` until the signal aborts; replaces the socket of a predecessor that was killed. `onStranger` is called
 * when somebody's token is not known.
 */
export async function serveSidecars(
  path: string,
  sessions: SidecarSessions,
  log: Log,
  signal: AbortSignal,
  onStranger: () => void = () => undefined,
): Promise<Server> {
  const server = createServer((request, response) => {
    answer(request, response, { sessions, onStranger }, signal).catch((error: unknown) => {
      log.warn("a sidecar's request failed", { url: request.url, error: describeError(error) });
      response.destroy();
    });
  });
  server.requestTimeout = 0;
  await rm(path, { force: true });
  server.listen(path);
  await once(server, "listening");
  // Sidecars run as uid 0 too; nobody else has business here.
  chmodSync(path, 0o600);
  const close = (): void => {
    server.close();
    server.closeAllConnections();
  };
  signal.addEventListener("abort", close, { once: true });
  if (signal.aborted) close();
  return server;
}

interface Answering {
  readonly sessions: SidecarSessions;
  readonly onStranger: () => void;
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { sessions, onStranger }: Answering,
  signal: AbortSignal,
): Promise<void> {
  const session = sessions.authenticate(
    /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1] ?? "",
  );
  if (session === undefined) {
    onStranger();
    return refuse(response, 401, "expected the token of a sidecar of this node");
  }
  const strange = strangeContract(request);
  sessions.noteContract(session, strange);
  if (strange !== undefined)
    return refuse(response, 426, `this sidecar speaks ${describeDistance(strange)}`);
  await answerSidecar(request, response, { sessions, session }, signal);
}

interface Known {
  readonly sessions: SidecarSessions;
  readonly session: SidecarSession;
}

async function answerSidecar(
  request: IncomingMessage,
  response: ServerResponse,
  { sessions, session }: Known,
  signal: AbortSignal,
): Promise<void> {
  if (request.method === "GET" && request.url === SNAPSHOTS_PATH) {
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    const write =
      request.headers.accept === CHANGES_TYPE
        ? changeLine
        : (_: Snapshot, now: Snapshot): string => wholeLine(now);
    return await streamSnapshots(
      response,
      { session, write },
      AbortSignal.any([signal, gone.signal, session.closed.signal]),
    );
  }
  if (request.method === "POST" && request.url === REPORT_PATH) {
    const report = parseReport(await readBody(request));
    if (report === undefined)
      return refuse(response, 400, "expected a report of a sidecar as JSON");
    sessions.accept(session, report);
    response.writeHead(204).end();
    return;
  }
  if (request.method === "POST" && request.url === OBSERVED_REQUESTS_PATH) {
    const observed = readObservedRequests(await readBody(request));
    if (observed === undefined)
      return refuse(response, 400, "expected requests that a sidecar has observed as JSON");
    sessions.observe(session, observed);
    response.writeHead(204).end();
    return;
  }
  const paths = `${SNAPSHOTS_PATH}, ${REPORT_PATH} or ${OBSERVED_REQUESTS_PATH}`;
  refuse(response, 404, `expected ${paths}`);
}

/** The contract of a sidecar that is too far away to be understood. */
function strangeContract({ headers }: IncomingMessage): number | undefined {
  const contract = readContract(headers[CONTRACT_FIELD]?.toString());
  return areNeighbours(contract, CONTRACT) ? undefined : contract;
}

interface Stream {
  readonly session: SidecarSession;
  /** The line of a snapshot after another. */
  readonly write: (before: Snapshot, now: Snapshot) => string;
}

async function streamSnapshots(
  response: ServerResponse,
  { session, write }: Stream,
  signal: AbortSignal,
): Promise<void> {
  let sent: Snapshot | undefined;
  response.writeHead(200, { "content-type": "application/x-ndjson" });
  response.flushHeaders();
  for await (const snapshot of session.snapshots.values(signal)) {
    const line = sent === undefined ? wholeLine(snapshot) : write(sent, snapshot);
    sent = snapshot;
    if (response.write(line)) continue;
    // A sidecar that does not read gets the newest snapshot once it does, not a queue of them.
    await once(response, "drain", { signal }).catch(() => undefined);
  }
  response.end();
}

/** Empty for one that is too large. */
async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    if (size > BODY_LIMIT) return "";
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** A sidecar's own words are shown to people and steer registration: anything of another shape is refused. */
export function parseReport(text: string): SidecarReport | undefined {
  let report: Partial<SidecarReport>;
  try {
    report = JSON.parse(text) as Partial<SidecarReport>;
  } catch {
    return undefined;
  }
  const valid =
    typeof report === "object" &&
    report !== null &&
    typeof report.ready === "boolean" &&
    Array.isArray(report.problems) &&
    report.problems.every((problem) => typeof problem === "string") &&
    ["starting", "passing", "critical"].includes(report.application ?? "") &&
    typeof report.applicationNote === "string" &&
    ["string", "undefined"].includes(typeof report.version) &&
    typeof report.residentBytes === "number" &&
    isCounters(report.counters) &&
    isEndpoints(report.endpoints) &&
    isTraffic(report.traffic) &&
    isCalls(report.calls);
  // A sidecar of an earlier version does not speak of endpoints.
  return valid ? { ...(report as SidecarReport), endpoints: report.endpoints ?? [] } : undefined;
}

function isEndpoints(endpoints: unknown): boolean {
  return endpoints === undefined || (Array.isArray(endpoints) && endpoints.every(isEndpoint));
}

function isEndpoint(endpoint: Partial<EndpointReport> | null): boolean {
  const { service, id, reason, state, port, since, share, ejections, activeRequests, latency } =
    endpoint ?? {};
  const numbers = [port, since, share, ejections, activeRequests, latency];
  return (
    [service, id, reason].every((text) => typeof text === "string") &&
    ["healthy", "ejected", "probing", "recovering"].includes(state ?? "") &&
    numbers.every((number) => typeof number === "number")
  );
}

function isCounters(counters: Partial<SidecarCounters> | null | undefined): boolean {
  const { inboundTls, inboundPlaintext, outbound, outboundFailed, refusedPeers } = counters ?? {};
  if (typeof outbound !== "object" || outbound === null) return false;
  const all = [inboundTls, inboundPlaintext, outboundFailed, refusedPeers];
  return [...all, ...Object.values(outbound)].every((count) => typeof count === "number");
}

function refuse(response: ServerResponse, status: number, message: string): void {
  response
    .writeHead(status, { "content-type": "text/plain", connection: "close" })
    .end(`${message}\n`);
}
