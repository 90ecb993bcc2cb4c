// What agent and sidecar say to each other, held against recordings of what they said before (test/golden/contract): sidecars
// live on while their agent is replaced, and either may be the older one.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { silentLog } from "../../../mesh/log.ts";
import { readObservedRequests } from "../../../plugin/sidecars/observed-shape.ts";
import { SidecarSessions } from "../../../plugin/sidecars/sessions.ts";
import { parseReport, serveSidecars } from "../../../plugin/sidecars/sidecar-server.ts";
import {
  areNeighbours,
  CONTRACT,
  CONTRACT_FIELD,
  describeDistance,
  readContract,
} from "../../../proxy/configuration/contract.ts";
import { readIntroduction, tokenDigest } from "../../../proxy/configuration/introduction.ts";
import { parseSnapshot, snapshotFrom } from "../../../proxy/configuration/parse-snapshot.ts";
import { SNAPSHOTS_PATH } from "../../../proxy/configuration/snapshot.ts";
import { SnapshotAssembly } from "../../../proxy/configuration/snapshot-changes.ts";
import { ask } from "../../../proxy/http/own-request.ts";
import { ManualClock } from "../../helpers/manual-clock.ts";
import { missing } from "../../helpers/message-shape.ts";
import {
  MESSAGE_NAMES,
  type Messages,
  readRecording,
  recordMessages,
} from "../../helpers/recorded-messages.ts";
import { sidecarOf } from "../../helpers/workloads.ts";

/** With whom this version works. */
const SPOKEN = [CONTRACT - 1, CONTRACT].filter((contract) => contract > 0);

const WHAT_TO_DO =
  "programs of this contract rely on it: keep it, also where it is not needed any more, or raise CONTRACT in proxy/configuration/contract.ts and in the Dockerfile, " +
  "let this version go on understanding the contract before, and keep what it says with `node test/helpers/record-messages.ts`";

/** Below these, names are data. */
const BY_NAME = ["policy", "failures", "outbound", "overflows", "match"];

/** With a field that nobody knows, in every object. */
function withMore(value: unknown, name = ""): unknown {
  if (Array.isArray(value)) return value.map((item) => withMore(item));
  if (typeof value !== "object" || value === null || BY_NAME.includes(name)) return value;
  const fields = Object.entries(value).map(([key, item]) => [key, withMore(item, key)]);
  return { ...Object.fromEntries(fields), notKnownYet: { a: [1] } };
}

describe("the contract of agent and sidecar", () => {
  let said: Messages;
  before(async () => {
    said = await recordMessages();
  });

  for (const contract of SPOKEN) {
    for (const name of MESSAGE_NAMES) {
      it(`version ${contract}: nothing is missing of its ${name}`, () => {
        const gone = missing(readRecording(contract, name), said[name]);
        assert.deepEqual(gone, [], `${gone.join(", ")} is not said any more; ${WHAT_TO_DO}`);
      });
    }

    it(`version ${contract}: everything that was said so is understood`, () => {
      const recorded = (name: keyof Messages): string => readRecording(contract, name);
      const whole = recorded("whole");
      assert.equal(parseSnapshot(whole).service, "shop-orders", WHAT_TO_DO);
      const assembly = new SnapshotAssembly();
      assembly.take(whole);
      assert.equal(snapshotFrom(assembly.take(recorded("change"))).draining, true, WHAT_TO_DO);
      assert.ok(parseReport(recorded("report"))?.ready, WHAT_TO_DO);
      assert.ok(readObservedRequests(recorded("observed")), WHAT_TO_DO);
      assert.equal(readIntroduction(recorded("introduction")), tokenDigest("a token"), WHAT_TO_DO);
    });
  }

  it("leaves room for fields that are not known yet, everywhere", () => {
    const more = (message: string): string => JSON.stringify(withMore(JSON.parse(message)));
    const { version, outbound } = parseSnapshot(more(said.whole));
    assert.deepEqual(
      [version, outbound],
      [parseSnapshot(said.whole).version, parseSnapshot(said.whole).outbound],
    );
    assert.deepEqual(parseReport(more(said.report))?.ready, true);
    assert.ok(readObservedRequests(more(said.observed)));
    const introduced = said.introduction.replace("}", ',"notKnownYet":{}}');
    assert.equal(readIntroduction(introduced), tokenDigest("a token"));
  });

  it("is spoken by its neighbours, and whoever does not tell speaks the first", () => {
    assert.deepEqual(
      [undefined, "", "1", "2", "0", "-1", "1.5", "x", "9999999"].map(readContract),
      [1, 1, 1, 2, 0, 0, 0, 0, 0],
    );
    assert.deepEqual(
      [areNeighbours(1, 2), areNeighbours(2, 1), areNeighbours(3, 1), areNeighbours(0, 1)],
      [true, true, false, false],
    );
    assert.equal(describeDistance(5, 2), "contract 5, expected 1, 2 or 3");
    assert.equal(describeDistance(0, 1), "contract unknown, expected 1 or 2");
  });

  it("refuses a snapshot of an agent that is too far away, before it looks at anything else", () => {
    assert.throws(() => parseSnapshot(`{"contract":${CONTRACT + 2}}`), {
      code: "VERSION_MISMATCH",
      message: /^the agent speaks contract 3, expected 1 or 2: what was known last stays in force/,
    });
    const neighbour = { ...(JSON.parse(said.whole) as object), contract: CONTRACT + 1 };
    assert.equal(parseSnapshot(JSON.stringify(neighbour)).service, "shop-orders");
  });

  describe("at the agent's socket", () => {
    let directory: string;
    const stop = new AbortController();
    const sessions = new SidecarSessions(new ManualClock(), () => undefined);

    before(async () => {
      directory = await mkdtemp(join(tmpdir(), "mesh-contract-"));
      sessions.sync([sidecarOf("a", "s1")]);
      await serveSidecars(join(directory, "agent.sock"), sessions, silentLog, stop.signal);
    });
    after(async () => {
      stop.abort();
      await rm(directory, { recursive: true });
    });

    const statusFor = async (contract: string | undefined): Promise<number> => {
      const own = contract === undefined ? {} : { [CONTRACT_FIELD]: contract };
      const fields = { host: "agent", authorization: "Bearer token of s1", ...own };
      const request = { method: "GET", path: SNAPSHOTS_PATH, fields } as const;
      using response = await ask({ path: join(directory, "agent.sock") }, request, stop.signal);
      return response.status;
    };

    it("a sidecar that is too far away is refused and known for it, until it is understood", async () => {
      const { workloadId, workloadStartedAt } = sidecarOf("a", "s1");
      const start = { containerId: workloadId, startedAt: workloadStartedAt };
      assert.equal(await statusFor("3"), 426);
      assert.equal(sessions.state(start)?.strangeContract, 3);
      for (const contract of [undefined, "1", "2"]) assert.equal(await statusFor(contract), 200);
      assert.equal(sessions.state(start)?.strangeContract, undefined);
    });
  });
});
