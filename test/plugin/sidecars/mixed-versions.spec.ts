// Sidecars live on while their agent is replaced: for some time each may be older than the other. An old sidecar does not
// ask for changes, an old agent does not know the question; either way whole snapshots come.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { silentLog } from "../../../mesh/log.ts";
import { SidecarSessions } from "../../../plugin/sidecars/sessions.ts";
import { serveSidecars } from "../../../plugin/sidecars/sidecar-server.ts";
import { buildSnapshot } from "../../../plugin/sidecars/snapshot.ts";
import {
  type AgentAddress,
  readSnapshotLines,
} from "../../../proxy/configuration/agent-channel.ts";
import { parseSnapshot, snapshotFrom } from "../../../proxy/configuration/parse-snapshot.ts";
import {
  type OutboundService,
  SNAPSHOTS_PATH,
  type Snapshot,
} from "../../../proxy/configuration/snapshot.ts";
import { SnapshotAssembly } from "../../../proxy/configuration/snapshot-changes.ts";
import { ask, type OwnResponse } from "../../../proxy/http/own-request.ts";
import { AgentStub } from "../../helpers/agent-stub.ts";
import { BUNDLE, leafOf } from "../../helpers/leaves.ts";
import { ManualClock } from "../../helpers/manual-clock.ts";
import { endpoint, NO_POLICY } from "../../helpers/plans.ts";
import { sidecarOf, workloadOf } from "../../helpers/workloads.ts";

const WORKLOAD = workloadOf("web", "a");

function callee(name: string, number: number, ...addresses: readonly string[]): OutboundService {
  const endpoints = addresses.map((address) =>
    endpoint({ id: `${name}-${address}`, address, port: 21_000 }),
  );
  return {
    ...{ service: name, names: [name], address: `127.64.0.${number}`, policy: {} },
    uri: `spiffe://mesh.test/ns/default/dc/dc1/svc/${name}`,
    ports: [{ port: 80, listenPort: 32_848, protocol: "http", endpoints }],
  };
}

const ORDERS = callee("orders", 1, "198.18.0.2", "198.18.0.3");
const ORDERS_LATER = callee("orders", 1, "198.18.0.3");
const STOCK = callee("stock", 2, "198.18.0.4");
const USERS = callee("users", 3, "198.18.0.5");

function snapshotOf(outbound: readonly OutboundService[], leaf = "leaf"): Snapshot {
  const parts = { workload: WORKLOAD, bundle: BUNDLE, outbound, draining: false, ...NO_POLICY };
  return buildSnapshot({ ...parts, leaf: { ...leafOf("shop-web"), certificateChain: leaf } });
}

/** Everything that can become otherwise, one after the other. */
const HISTORY: readonly Snapshot[] = [
  snapshotOf([ORDERS, STOCK]),
  snapshotOf([ORDERS_LATER, STOCK]),
  snapshotOf([ORDERS_LATER, STOCK, USERS]),
  snapshotOf([ORDERS_LATER, STOCK, USERS], "renewed leaf"),
  snapshotOf([STOCK, USERS], "renewed leaf"),
  snapshotOf([], "renewed leaf"),
  snapshotOf([ORDERS, STOCK]),
];

describe("an agent and a sidecar", () => {
  let directory: string;
  let stop: AbortController;
  let sessions: SidecarSessions;
  let agent: AgentAddress;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "mesh-versions-"));
    stop = new AbortController();
    sessions = new SidecarSessions(new ManualClock(), () => undefined);
    sessions.sync([sidecarOf("a", "s1")]);
    agent = { socket: join(directory, "agent.sock"), token: "token of s1" };
  });

  afterEach(async () => {
    stop.abort();
    await rm(directory, { recursive: true });
  });

  const serve = async (): Promise<void> =>
    void (await serveSidecars(agent.socket, sessions, silentLog, stop.signal));

  /** The lines that come for the history, each published after the one before has come. */
  async function linesOf(
    stream: AsyncIterator<string>,
    publish: (snapshot: Snapshot) => void,
  ): Promise<string[]> {
    const lines: string[] = [];
    for (const snapshot of HISTORY) {
      publish(snapshot);
      lines.push(String((await stream.next()).value));
    }
    return lines;
  }

  const publish = (snapshot: Snapshot): void => sessions.publish(WORKLOAD, snapshot);

  /** As sidecars asked before there were changes. */
  const askAsBefore = (): Promise<OwnResponse> => {
    const fields = { host: "agent", authorization: `Bearer ${agent.token}` };
    return ask(
      { path: agent.socket },
      { method: "GET", path: SNAPSHOTS_PATH, fields },
      stop.signal,
    );
  };

  it("that both know of changes: each line makes the snapshot of the agent, and most are short", async () => {
    await serve();
    const lines = await linesOf(readSnapshotLines(agent, stop.signal), publish);
    const assembly = new SnapshotAssembly();
    assert.deepEqual(
      lines.map((line) => snapshotFrom(assembly.take(line))),
      HISTORY,
    );
    const services = lines.map((line) => {
      const { changed } = JSON.parse(line) as { changed?: readonly OutboundService[] };
      return changed?.map(({ service }) => service) ?? "whole";
    });
    assert.deepEqual(services, ["whole", ["orders"], ["users"], [], [], [], ["orders", "stock"]]);
  });

  it("of which the sidecar is older: whole snapshots come, each good by itself", async () => {
    await serve();
    using response = await askAsBefore();
    const lines = await linesOf(splitLines(response.body()), publish);
    assert.deepEqual(lines.map(parseSnapshot), HISTORY);
  });

  it("of which the agent is older: whole snapshots are taken as such", async () => {
    await using older = new AgentStub(agent.socket);
    await older.start();
    const stream = readSnapshotLines({ socket: agent.socket, token: older.token }, stop.signal);
    const lines = await linesOf(stream, (snapshot) => older.publish(snapshot));
    const assembly = new SnapshotAssembly();
    assert.deepEqual(
      lines.map((line) => snapshotFrom(assembly.take(line))),
      HISTORY,
    );
  });

  it("of which the agent is replaced: the new one's stream begins with a whole snapshot", async () => {
    await serve();
    const assembly = new SnapshotAssembly();
    const [last] = HISTORY.slice(-1);
    for (const line of await linesOf(readSnapshotLines(agent, stop.signal), publish))
      assembly.take(line);
    stop.abort();
    stop = new AbortController();
    await serve();
    const { value } = await readSnapshotLines(agent, stop.signal).next();
    assert.deepEqual(parseSnapshot(String(value)), last);
    assert.deepEqual(snapshotFrom(assembly.take(String(value))), last);
  });
});

async function* splitLines(source: AsyncIterable<Buffer>): AsyncGenerator<string, undefined> {
  let text = "";
  for await (const bytes of source) {
    text += bytes.toString();
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n")) {
      yield text.slice(0, end);
      text = text.slice(end + 1);
    }
  }
  return undefined;
}
