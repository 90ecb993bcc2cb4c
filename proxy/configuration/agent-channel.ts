// The sidecar's end of the agent's unix socket: one endless stream of lines in, reports out. Knows the transport only;
// what a line means is `parse-snapshot.ts`'s business, when to reconnect `snapshot-source.ts`'s.
import { MeshError } from "../../mesh/errors.ts";
import { ask, type OwnRequest, type OwnResponse } from "../http/own-request.ts";
import { CONTRACT, CONTRACT_FIELD } from "./contract.ts";
import { OBSERVED_REQUESTS_PATH, type ObservedRequests } from "./observed-request.ts";
import { CHANGES_TYPE, REPORT_PATH, type SidecarReport, SNAPSHOTS_PATH } from "./snapshot.ts";

/** Characters of one line; far more than thousands of endpoints need. */
const LINE_LIMIT = 64 * 1024 * 1024;
/** Milliseconds until the agent must have taken a report. */
const REPORT_TIMEOUT = 5_000;

/** Where the agent is, and the token that says which sidecar asks. */
export interface AgentAddress {
  /** Path of the unix socket. */
  readonly socket: string;
  readonly token: string;
  /** Makes an agent that does not know the token able to know it; undefined where it was the agent that gave it. */
  readonly introduce?: (() => void) | undefined;
}

/** The lines of the agent's stream as they come. Throws AGENT_UNAVAILABLE when it cannot be had or ends, or the signal's reason. */
export async function* readSnapshotLines(
  agent: AgentAddress,
  signal: AbortSignal,
): AsyncGenerator<string, void, undefined> {
  try {
    using response = await exchange(
      agent,
      { method: "GET", path: SNAPSHOTS_PATH },
      CHANGES,
      signal,
    );
    if (response.status === UNKNOWN) agent.introduce?.();
    expectStatus(response, 200);
    yield* splitLines(response.body());
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
  await post(agent, REPORT_PATH, report, signal);
}

/** The same for requests that were observed. False: the agent will never take these. */
export async function sendObserved(
  agent: AgentAddress,
  observed: ObservedRequests,
  signal: AbortSignal,
): Promise<boolean> {
  const status = await post(agent, OBSERVED_REQUESTS_PATH, observed, signal, NEVER_TAKEN);
  return status === TAKEN;
}

const TAKEN = 204;
const UNKNOWN = 401;
/** Not understood, not known, too large: it would be the same again. */
const NEVER_TAKEN: readonly number[] = [400, 404, 413];

async function post(
  agent: AgentAddress,
  path: string,
  value: unknown,
  signal: AbortSignal,
  alsoExpected: readonly number[] = [],
): Promise<number> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(REPORT_TIMEOUT)]);
  try {
    const body = JSON.stringify(value);
    using response = await exchange(agent, { method: "POST", path, body }, JSON_BODY, limit);
    if (!alsoExpected.includes(response.status)) expectStatus(response, TAKEN);
    return response.status;
  } catch (cause) {
    throw unavailable(cause, signal);
  }
}

const OWN_CONTRACT = String(CONTRACT);
const CHANGES = { accept: CHANGES_TYPE } as const;
const JSON_BODY = { "content-type": "application/json" } as const;

function exchange(
  agent: AgentAddress,
  request: Pick<OwnRequest, "method" | "path" | "body">,
  type: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<OwnResponse> {
  const authorization = `Bearer ${agent.token}`;
  const fields = { host: "agent", authorization, [CONTRACT_FIELD]: OWN_CONTRACT, ...type };
  return ask({ path: agent.socket }, { ...request, fields }, signal);
}

function expectStatus(response: OwnResponse, expected: number): void {
  if (response.status === expected) return;
  throw new Error(`expected status ${expected}, found ${response.status}`);
}

async function* splitLines(source: AsyncIterable<Buffer>): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of source) {
    const [first = "", ...others] = decoder.decode(bytes, { stream: true }).split("\n");
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
