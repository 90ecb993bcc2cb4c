// Where the recorder looks: Consul's HTTP interface, and the agent's API from within its container.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { SnapshotSeen } from "./observations.ts";
import type { CatalogAnswer } from "./recorder.ts";

const WAIT = "5s";
/** For an answer to a query that waits. */
const PATIENCE = 10_000;

interface ConsulEntry {
  readonly Service: { readonly ID: string };
  readonly Checks: readonly { readonly CheckID: string; readonly Status: string }[];
}

/** Consul's check of its own agent on a node. */
const OF_NODE = "serfHealth";

/** One blocking query about the health of a service; `address` is that of Consul's HTTP interface. */
export async function askConsul(
  address: string,
  service: string,
  index: number,
  signal: AbortSignal,
): Promise<CatalogAnswer> {
  const url = `${address}/v1/health/service/${service}?index=${index}&wait=${WAIT}`;
  const answer = await fetch(url, {
    signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)]),
  });
  if (!answer.ok) throw new Error(`Consul answered ${answer.status}`);
  const entries = (await answer.json()) as readonly ConsulEntry[];
  const idsWhere = (isSo: (faults: readonly string[]) => boolean): readonly string[] =>
    entries
      .filter((entry) => isSo(faultsOf(entry)))
      .map(({ Service }) => Service.ID)
      .toSorted();
  return {
    index: Number(answer.headers.get("x-consul-index")),
    offered: idsWhere((faults) => faults.length === 0),
    doubted: idsWhere((faults) => faults.length === 1 && faults[0] === OF_NODE),
  };
}

/** The checks that fail. */
function faultsOf({ Checks }: ConsulEntry): readonly string[] {
  return Checks.filter(({ Status }) => Status !== "passing" && Status !== "warning").map(
    ({ CheckID }) => CheckID,
  );
}

/** Asks the agent for the endpoints of a service five times a second, a line each: [caller, endpoint] pairs. */
const LOOK = `
const http = require("node:http");
const options = { socketPath: "/run/docker-mesh/api.sock", path: "/v1/services/" + process.argv[1] + "/endpoints" };
const look = () => http.get(options, (r) => {
  let text = "";
  r.on("data", (t) => (text += t)).on("end", () => {
    if (r.statusCode === 200) console.log(JSON.stringify(JSON.parse(text).endpoints.map((e) => [e.caller, e.endpoint])));
    setTimeout(look, 200);
  });
}).on("error", () => process.exit(1));
look();
process.stdout.on("error", () => process.exit(0));
`;

type Look = readonly (readonly [caller: string, endpoint: string])[];

/**
 * The endpoints of a service as its callers have them, with the time by this machine's clock: the agent's may be wrong.
 * `command`: runs a program in the agent's container, all but that program.
 */
export async function* watchSnapshots(
  command: readonly string[],
  service: string,
  signal: AbortSignal,
): AsyncGenerator<readonly SnapshotSeen[], void, undefined> {
  const [program = "", ...parameters] = [...command, "node", "-e", LOOK, service];
  const child = spawn(program, parameters, { stdio: ["ignore", "pipe", "ignore"] });
  const ended = new Promise<void>((resolve) => {
    child.once("error", () => resolve());
    child.once("close", () => resolve());
  });
  const end = (): void => void child.kill();
  signal.addEventListener("abort", end);
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      const byCaller = Map.groupBy(JSON.parse(line) as Look, ([caller]) => caller);
      const at = Date.now();
      yield [...byCaller].map(([caller, pairs]) => ({
        ...{ at, caller, endpoints: [...new Set(pairs.map(([, endpoint]) => endpoint))] },
      }));
    }
    await ended;
  } finally {
    signal.removeEventListener("abort", end);
    child.kill();
  }
}
