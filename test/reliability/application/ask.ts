// The load: requests at fixed moments whatever became of those before (an open loop), of three kinds, from a workload
// through its own sidecar. Each is written down with its begin, its end and how it went, as JSON lines in HISTORY_FILE.
// A program, not a module: it runs as one file of its own. RATE in the environment: requests a second, all kinds together.
import { appendFile } from "node:fs/promises";
import { Agent, createServer, get } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { Client, credentials } from "@grpc/grpc-js";
import {
  HISTORY_FILE,
  type HistoryLine,
  type HistoryRow,
  KINDS,
  type Kind,
  TIMEOUT,
} from "../history.ts";

/** Out of five requests. */
const MIX: readonly Kind[] = ["fresh", "kept", "grpc", "fresh", "kept"];
/** More than this at once is refused here, and counts as failed: the load is bounded. */
const MOST_OPEN = 2_000;
/** Milliseconds after which gRPC tries again to connect; it would be a second, in which it refuses calls by itself. */
const RECONNECT = 100;
/** Milliseconds by which a request may begin after its moment. */
const MOST_LATE = 100;
const WRITE_EVERY = 100;
/** Rows in a line of the file. */
const ROWS = 200;

const rate = Number(process.env["RATE"] ?? 500);
const kept = new Agent({ keepAlive: true });
let calls = openCalls();
const now = (): number => performance.timeOrigin + performance.now();

/** Looks its address up now, and keeps it. */
function openCalls(): Client {
  const settings = { "grpc.initial_reconnect_backoff_ms": RECONNECT };
  return new Client("answer:9000", credentials.createInsecure(), settings);
}

type Done = (failure: string, replica: string) => void;

function askHttp(agent: Agent | false, done: Done): void {
  const request = get({ host: "answer", port: 8080, path: "/", agent, timeout: TIMEOUT });
  const fail = (error: Error & { code?: string }): void => done(error.code ?? error.message, "");
  request.on("error", fail);
  request.on("timeout", () => request.destroy(new Error("timeout")));
  request.on("response", (response) => {
    let text = "";
    response.setEncoding("utf8").on("data", (piece: string) => {
      text += piece;
    });
    response.on("error", fail);
    response.on("end", () => {
      const whole = response.statusCode === 200 && response.complete;
      done(whole ? "" : `status ${response.statusCode}: ${text.slice(0, 200)}`, whole ? text : "");
    });
  });
}

function askGrpc(done: Done): void {
  const asIs = (message: Buffer): Buffer => message;
  const options = { deadline: Date.now() + TIMEOUT };
  calls.makeUnaryRequest(
    "/mesh.test.Answers/Ask",
    asIs,
    asIs,
    Buffer.alloc(0),
    options,
    (error, answer) => {
      if (error === null) done("", String(answer));
      else done(`grpc ${error.code}: ${error.details}`, "");
    },
  );
}

function ask(kind: Kind, done: Done): void {
  if (kind === "grpc") askGrpc(done);
  else askHttp(kind === "kept" ? kept : false, done);
}

/** Begins of the requests that are open. */
const open = new Set<{ readonly begun: number }>();
let rows: HistoryRow[] = [];

function begin(kind: Kind): void {
  const request = { begun: now() };
  const { begun } = request;
  if (open.size >= MOST_OPEN) {
    rows.push([begun, 0, kind, "not sent: too many are open", ""]);
    return;
  }
  open.add(request);
  ask(kind, (failure, replica) => {
    // A failure may be told more than once.
    if (!open.delete(request)) return;
    rows.push([begun, now() - begun, kind, failure, replica]);
  });
}

async function write(): Promise<void> {
  // Sets keep their order: the first one is the oldest.
  const complete = open.values().next().value?.begun ?? now();
  const taken = rows;
  rows = [];
  const lines: string[] = [];
  for (let at = 0; at < taken.length; at += ROWS) {
    const last = at + ROWS >= taken.length;
    const line: HistoryLine = { complete: last ? complete : 0, rows: taken.slice(at, at + ROWS) };
    lines.push(`${JSON.stringify(line)}\n`);
  }
  await appendFile(HISTORY_FILE, lines.join(""));
}

/** Tells in the container's log why not. */
async function answers(kind: Kind): Promise<boolean> {
  const failure = await new Promise<string>((resolve) => ask(kind, resolve));
  if (failure !== "") process.stdout.write(`${kind}: ${failure}\n`);
  return failure === "";
}

process.on("SIGTERM", () => process.exit(0));
createServer((_, response) => response.end("here")).listen(8080, "0.0.0.0");

for (const kind of KINDS) {
  while (!(await answers(kind))) {
    await pause(100);
    // The name may have led past the mesh.
    calls.close();
    calls = openCalls();
  }
}
const started = now();
let sent = 0;
setInterval(() => {
  const due = Math.floor(((now() - started) / 1_000) * rate);
  // What this program itself was too late for is left out: a burst would be another load.
  sent = Math.max(sent, due - Math.ceil((rate * MOST_LATE) / 1_000));
  for (; sent < due; sent += 1) begin(MIX[sent % MIX.length] ?? "fresh");
}, 5);
for (;;) {
  await pause(WRITE_EVERY);
  await write();
}
