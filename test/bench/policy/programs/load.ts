// Callers that do not wait for each other: calls have intended times at a fixed rate, whatever happens to earlier ones,
// and last from their intended time on. Takes one order, tells what came of it, and ends with its parent's connection.
import { Agent, get } from "node:http";
import type { Call } from "../calls.ts";
import { type FromLoad, type LoadOrder, REPLICA_FIELD } from "../messages.ts";
import { wallNow } from "../wall.ts";

const TURN_MS = 1;
/** After the last intended call; who has no answer by then counts as failed. */
const PATIENCE_MS = 3_000;

const agent = new Agent({ keepAlive: true });

function tell(message: FromLoad): void {
  process.send?.(message);
}

/** `done` is called once, whatever happens. */
function call(port: number, done: (status: number, replica: number) => void): void {
  const request = get({ host: "127.0.0.1", port, path: "/", agent }, (response) => {
    const replica = Number(response.headers[REPLICA_FIELD] ?? -1);
    response.resume();
    response.once("end", () => done(response.statusCode ?? 0, replica));
    response.once("error", () => done(0, replica));
  });
  request.once("error", () => done(0, -1));
}

function run({ port, rate, seconds }: LoadOrder): void {
  const calls: Call[] = [];
  const total = Math.round(rate * seconds);
  const began = performance.now();
  let sent = 0;
  const send = (at: number): void => {
    call(port, (status, replica) => {
      calls.push({ at, milliseconds: performance.now() - began - at, status, replica });
      if (calls.length === total) finish();
    });
  };
  const timer = setInterval(() => {
    const due = Math.min(total, Math.floor(((performance.now() - began) * rate) / 1000) + 1);
    for (; sent < due; sent += 1) send((sent * 1000) / rate);
  }, TURN_MS);
  const giveUp = setTimeout(() => finish(), seconds * 1000 + PATIENCE_MS);
  function finish(): void {
    clearInterval(timer);
    clearTimeout(giveUp);
    tell({ kind: "calls", calls: [...calls, ...unanswered(total - calls.length, seconds)] });
  }
  tell({ kind: "begun", at: wallNow() });
}

function unanswered(count: number, seconds: number): readonly Call[] {
  const milliseconds = PATIENCE_MS;
  const lost = { at: seconds * 1000 - 1, milliseconds, status: 0, replica: -1 };
  return Array.from({ length: count }, () => lost);
}

process.once("disconnect", () => process.exit());
process.once("message", run);
