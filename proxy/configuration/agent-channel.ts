// The sidecar's end of the agent's unix socket: one endless stream of lines in, reports out. Knows the transport only;
// what a line means is `parse-snapshot.ts`'s business, when to reconnect `snapshot-source.ts`'s.
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { MeshError } from "../../mesh/errors.ts";
import { REPORT_PATH, type SidecarReport, SNAPSHOTS_PATH } from "./snapshot.ts";

/** Characters of one line; far more than thousands of endpoints need. */
const LINE_LIMIT = 64 * 1024 * 1024;
/** Milliseconds until the agent must have taken a report. */
const REPORT_TIMEOUT = 5_000;

/** Where the agent is, and the token that says which sidecar asks. */
export interface AgentAddress {
  /** Path of the unix socket. */
  readonly socket: string;
  readonly token: string;
}

/** The lines of the agent's stream as they come. Throws AGENT_UNAVAILABLE when it cannot be had or ends, or the signal's reason. */
export async function* readSnapshotLines(
  agent: AgentAddress,
  signal: AbortSignal,
): AsyncGenerator<string, void, undefined> {
  try {
    const response = await exchange(agent, "GET", SNAPSHOTS_PATH, undefined, signal);
    expectStatus(response, 200);
    yield* splitLines(response);
  } catch (cause) {
    throw unavailable(cause, signal);
  }
  throw unavailable(new Error("the agent ended the stream"), signal);
}

/** Hands a report to the agent. Throws AGENT_UNAVAILABLE, or the signal's reason. */
export async function sendReport(
  agent: AgentAddress,
  report: SidecarReport,
  signal: AbortSignal,
): Promise<void> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(REPORT_TIMEOUT)]);
  try {
    const response = await exchange(agent, "POST", REPORT_PATH, JSON.stringify(report), limit);
    response.resume();
    expectStatus(response, 204);
  } catch (cause) {
    throw unavailable(cause, signal);
  }
}

async function exchange(
  agent: AgentAddress,
  method: string,
  path: string,
  body: string | undefined,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const outgoing = request({
    socketPath: agent.socket,
    method,
    path,
    agent: false,
    signal,
    headers: {
      host: "agent",
      authorization: `Bearer ${agent.token}`,
      ...(body === undefined
        ? {}
        : { "content-type": "application/json", "content-length": Buffer.byteLength(body) }),
    },
  });
  outgoing.end(body);
  const [response] = (await once(outgoing, "response")) as [IncomingMessage];
  // An abort in mid-stream shows in the response; on the request it is no news.
  outgoing.on("error", () => undefined);
  return response;
}

function expectStatus(response: IncomingMessage, expected: number): void {
  if (response.statusCode === expected) return;
  response.destroy();
  throw new Error(`expected status ${expected}, found ${response.statusCode}`);
}

async function* splitLines(source: IncomingMessage): AsyncGenerator<string, void, undefined> {
  source.setEncoding("utf8");
  let rest = "";
  for await (const text of source as AsyncIterable<string>) {
    const [first = "", ...others] = text.split("\n");
    rest += first;
    for (const line of others) {
      if (rest !== "") yield rest;
      rest = line;
    }
    if (rest.length > LINE_LIMIT) throw new Error("the agent sent a line without end");
  }
}

function unavailable(cause: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  return new MeshError("AGENT_UNAVAILABLE", "the agent did not answer on its socket", { cause });
}
