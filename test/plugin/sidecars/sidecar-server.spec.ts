import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { type IncomingMessage, request } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { silentLog } from "../../../mesh/log.ts";
import type { ObservationSink } from "../../../plugin/observation/observed-workload.ts";
import { SidecarSessions } from "../../../plugin/sidecars/sessions.ts";
import { parseReport, serveSidecars } from "../../../plugin/sidecars/sidecar-server.ts";
import { buildSnapshot } from "../../../plugin/sidecars/snapshot.ts";
import { OBSERVED_REQUESTS_PATH } from "../../../proxy/configuration/observed-request.ts";
import {
  REPORT_PATH,
  SNAPSHOTS_PATH,
  type Snapshot,
} from "../../../proxy/configuration/snapshot.ts";
import { eventually } from "../../helpers/eventually.ts";
import { BUNDLE, leafOf } from "../../helpers/leaves.ts";
import { ManualClock } from "../../helpers/manual-clock.ts";
import { batchOf, observedRequest } from "../../helpers/observed.ts";
import { NO_POLICY } from "../../helpers/plans.ts";
import { reportOf, sidecarOf, workloadOf } from "../../helpers/workloads.ts";

const WORKLOAD = workloadOf("orders", "a");
const GOOD_TOKEN = "Bearer token of s1";

/** Snapshots that differ, and are as large as real ones where that matters. */
function snapshotOf(generation: number, size = 0): Snapshot {
  const leaf = {
    ...leafOf("shop-orders"),
    certificateChain: `leaf ${generation} ${"x".repeat(size)}`,
  };
  return buildSnapshot({
    workload: WORKLOAD,
    leaf,
    bundle: BUNDLE,
    outbound: [],
    draining: false,
    ...NO_POLICY,
  });
}

describe("the socket for sidecars", () => {
  let directory: string;
  let socketPath: string;
  let stop: AbortController;
  let sessions: SidecarSessions;
  let seen: Parameters<ObservationSink>[];
  let strangers: number;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "mesh-socket-"));
    socketPath = join(directory, "agent.sock");
    stop = new AbortController();
    seen = [];
    const ignore = (): void => undefined;
    sessions = new SidecarSessions(new ManualClock(), ignore, ignore, (...told) => seen.push(told));
    sessions.sync([sidecarOf("a", "s1")]);
    strangers = 0;
    await serveSidecars(socketPath, sessions, silentLog, stop.signal, () => {
      strangers += 1;
    });
  });

  afterEach(async () => {
    stop.abort();
    await rm(directory, { recursive: true });
  });

  const call = async (
    method: string,
    path: string,
    authorization: string | undefined,
    body = "",
  ): Promise<IncomingMessage> => {
    const headers = authorization === undefined ? {} : { authorization };
    const outgoing = request({ socketPath, method, path, headers, agent: false });
    // The agent may hang up while a body is on its way.
    outgoing.on("error", () => undefined);
    outgoing.end(body);
    const [response] = (await once(outgoing, "response")) as [IncomingMessage];
    return response;
  };

  const answer = async (...parts: Parameters<typeof call>): Promise<string> => {
    const response = await call(...parts);
    let text = "";
    for await (const chunk of response) text += String(chunk);
    return `${response.statusCode} ${text}`.trimEnd();
  };

  /** The versions of the snapshots that arrive, as they do, and the end of their stream. */
  const subscribe = async (): Promise<{
    versions: string[];
    ended: Promise<unknown>;
    response: IncomingMessage;
  }> => {
    const response = await call("GET", SNAPSHOTS_PATH, GOOD_TOKEN);
    response.setEncoding("utf8");
    response.on("error", () => undefined);
    const ended = new Promise((resolve) => response.once("close", resolve));
    const versions: string[] = [];
    let rest = "";
    response.on("data", (chunk: string) => {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop() ?? "";
      versions.push(...lines.map((line) => (JSON.parse(line) as Snapshot).version));
    });
    return { versions, ended, response };
  };

  it("tells of strangers, who may be sidecars that nobody has looked at yet", async () => {
    await answer("POST", REPORT_PATH, GOOD_TOKEN, "{}");
    assert.equal(strangers, 0);
    await answer("GET", SNAPSHOTS_PATH, "Bearer unknown");
    assert.equal(strangers, 1);
  });

  it("is for its owner alone", async () => {
    assert.equal((await stat(socketPath)).mode & 0o777, 0o600);
  });

  for (const authorization of [
    undefined,
    "",
    "Bearer ",
    "Bearer token of s2",
    "token of s1",
    "Basic eDp5",
  ]) {
    it(`answers 401 to ${JSON.stringify(authorization) ?? "no authorization"}`, async () => {
      for (const [method, path] of [
        ["GET", SNAPSHOTS_PATH],
        ["POST", REPORT_PATH],
        ["GET", "/"],
      ] as const) {
        assert.equal(
          await answer(method, path, authorization),
          "401 expected the token of a sidecar of this node",
        );
      }
    });
  }

  it("answers 404 to whatever else is asked", async () => {
    assert.equal(
      await answer("POST", SNAPSHOTS_PATH, GOOD_TOKEN),
      `404 expected ${SNAPSHOTS_PATH}, ${REPORT_PATH} or ${OBSERVED_REQUESTS_PATH}`,
    );
    assert.match(await answer("GET", "/v1/other", GOOD_TOKEN), /^404 /);
  });

  describe("snapshots", () => {
    it("are sent one a line, the current one first", async () => {
      const [first, second] = [snapshotOf(1), snapshotOf(2)];
      sessions.publish(WORKLOAD, first);
      const { versions, response } = await subscribe();
      assert.equal(response.headers["content-type"], "application/x-ndjson");
      await eventually(() => assert.deepEqual(versions, [first.version]), { interval: 1 });
      sessions.publish(WORKLOAD, second);
      await eventually(() => assert.deepEqual(versions, [first.version, second.version]), {
        interval: 1,
      });
    });

    it("are answered at once, though there is none yet", async () => {
      const { versions, response } = await subscribe();
      assert.equal(response.statusCode, 200);
      assert.deepEqual(versions, []);
    });

    it("skip what a sidecar was too slow to read", async () => {
      const { versions, response } = await subscribe();
      response.pause();
      const snapshots = Array.from({ length: 40 }, (_, index) => snapshotOf(index, 400_000));
      for (const snapshot of snapshots) {
        sessions.publish(WORKLOAD, snapshot);
        await new Promise(setImmediate);
      }
      response.resume();
      await eventually(() => assert.equal(versions.at(-1), snapshots.at(-1)?.version), {
        interval: 5,
      });
      assert.ok(versions.length < snapshots.length / 2, `${versions.length} were sent`);
    });

    it("end when the sidecar is gone", async () => {
      const { ended, response } = await subscribe();
      sessions.sync([]);
      await ended;
      assert.equal(response.complete, true);
    });

    it("end when the agent stops", async () => {
      const { ended } = await subscribe();
      stop.abort();
      await ended;
    });
  });

  describe("a report", () => {
    it("is taken with 204", async () => {
      const report = reportOf({ application: "critical", applicationNote: "connection refused" });
      assert.equal(await answer("POST", REPORT_PATH, GOOD_TOKEN, JSON.stringify(report)), "204");
      assert.deepEqual(sessions.state(WORKLOAD)?.report, report);
    });

    it("that is none is refused with 400, and what was known stays", async () => {
      await answer("POST", REPORT_PATH, GOOD_TOKEN, JSON.stringify(reportOf()));
      for (const body of ["", "{", "null", "[]", '"ready"', '{"ready":true}']) {
        assert.equal(
          await answer("POST", REPORT_PATH, GOOD_TOKEN, body),
          "400 expected a report of a sidecar as JSON",
        );
      }
      assert.deepEqual(sessions.state(WORKLOAD)?.report, reportOf());
    });

    it("that is too large is not taken", async () => {
      const body = JSON.stringify(reportOf({ applicationNote: "x".repeat(5_000_000) }));
      const outcome = await answer("POST", REPORT_PATH, GOOD_TOKEN, body).catch(() => "cut off");
      assert.match(outcome, /^400 |^cut off$/);
      assert.equal(sessions.state(WORKLOAD)?.report, undefined);
    });
  });

  describe("requests that were observed", () => {
    const post = (body: unknown): Promise<string> =>
      answer("POST", OBSERVED_REQUESTS_PATH, GOOD_TOKEN, JSON.stringify(body));

    it("are taken for the workload beside whose sidecar they were seen", async () => {
      sessions.publish(WORKLOAD, snapshotOf(1));
      assert.equal(await post(batchOf(observedRequest())), "204");
      const { service, project, version, instanceId, containerId, containerName } = WORKLOAD;
      const identity = "spiffe://mesh.test/ns/default/dc/dc1/svc/shop-orders";
      const own = { service, project, version, identity, instanceId, containerId, containerName };
      assert.deepEqual(JSON.parse(JSON.stringify(seen)), [
        JSON.parse(JSON.stringify([own, batchOf(observedRequest())])),
      ]);
    });

    it("are forgotten while it is not known whose they are", async () => {
      assert.equal(await post(batchOf(observedRequest())), "204");
      sessions.publish(WORKLOAD, snapshotOf(1));
      assert.deepEqual(seen, []);
    });

    it("are refused with 400 when one of them is none, and none is taken", async () => {
      sessions.publish(WORKLOAD, snapshotOf(1));
      for (const body of [
        "x",
        [],
        { ...batchOf(), requests: [observedRequest(), { ...observedRequest(), status: "200" }] },
      ])
        assert.equal(await post(body), "400 expected requests that a sidecar has observed as JSON");
      assert.deepEqual(seen, []);
    });
  });

  describe("of a predecessor", () => {
    it("that was killed is replaced", async () => {
      const left = join(directory, "left.sock");
      const killed = createServer();
      killed.listen(left);
      await once(killed, "listening");
      // Closing would remove the file, which a kill does not.
      await serveSidecars(left, sessions, silentLog, stop.signal);
      socketPath = left;
      assert.match(await answer("GET", "/", GOOD_TOKEN), /^404 /);
      killed.close();
    });

    it("does not open when its agent is stopped already", async () => {
      const server = await serveSidecars(
        join(directory, "late.sock"),
        sessions,
        silentLog,
        AbortSignal.abort(),
      );
      await eventually(() => assert.equal(server.listening, false), { interval: 1 });
    });
  });
});

describe("a sidecar's own words", () => {
  const { counters } = reportOf();

  it("are taken before there is a version in force", () => {
    assert.deepEqual(parseReport(JSON.stringify(reportOf({ version: undefined })))?.ready, true);
  });

  const endpoint = {
    ...{ service: "shop-orders", port: 8080, id: "shop-orders-a1", state: "ejected" },
    ...{ reason: "5 in a row", since: 1, share: 0, ejections: 1, activeRequests: 0, latency: 2 },
  };

  it("may be of endpoints, and from a sidecar that does not speak of them", () => {
    const { endpoints: _, ...earlier } = reportOf();
    assert.deepEqual(parseReport(JSON.stringify(earlier))?.endpoints, []);
    const text = JSON.stringify({ ...earlier, endpoints: [endpoint] });
    assert.deepEqual(parseReport(text)?.endpoints, [endpoint]);
  });

  for (const [what, changes] of [
    ["endpoints that are none", { endpoints: "x" }],
    ["no endpoints", { endpoints: null }],
    ["an endpoint that is nothing", { endpoints: [null] }],
    ["an endpoint in a state that is unknown", { endpoints: [{ ...endpoint, state: "odd" }] }],
    ["an endpoint without a reason", { endpoints: [{ ...endpoint, reason: undefined }] }],
    ["an endpoint whose share is a text", { endpoints: [{ ...endpoint, share: "5%" }] }],
    ["a version that is a number", { version: 3 }],
    ["a readiness that is a word", { ready: "yes" }],
    ["a problem that is none", { problems: [{ text: "x" }] }],
    ["problems that are a text", { problems: "x" }],
    ["a state that is unknown", { application: "draining" }],
    ["a note that is missing", { applicationNote: undefined }],
    ["no counters", { counters: null }],
    ["a counter that is a text", { counters: { ...counters, inboundTls: "5" } }],
    ["a counter that is missing", { counters: { ...counters, refusedPeers: undefined } }],
    ["no counters of calls", { counters: { ...counters, outbound: null } }],
    ["a counter of calls that is a text", { counters: { ...counters, outbound: { a: "1" } } }],
    ["memory that is a text", { residentBytes: "50 MB" }],
  ] as const) {
    it(`are refused with ${what}`, () => {
      assert.equal(parseReport(JSON.stringify({ ...reportOf(), ...changes })), undefined);
    });
  }
});
