// The applications behind the sidecars, in one process: `applications.ts <port>…`, a replica for each port. Every replica
// can be told to fail, or to take its time; `/stream` never ends.
import { createServer, type ServerResponse } from "node:http";
import {
  type FromApplications,
  type Mood,
  REPLICA_FIELD,
  type ToApplications,
} from "../messages.ts";
import { wallNow } from "../wall.ts";

const PIECE_EVERY_MS = 5;

const ports = process.argv.slice(2).map(Number);
const moods = ports.map((_, replica): Mood => ({ replica, fails: 0, delay: 0 }));
const arrivals: number[][] = ports.map(() => []);

function answer(replica: number, response: ServerResponse): void {
  const failed = Math.random() < (moods[replica]?.fails ?? 0);
  response.writeHead(failed ? 500 : 200, { [REPLICA_FIELD]: replica, "content-length": 3 });
  response.end("ok\n");
}

function stream(response: ServerResponse): void {
  const timer = setInterval(() => response.write("more\n"), PIECE_EVERY_MS);
  response.write("more\n");
  response.once("close", () => clearInterval(timer));
}

function tell(message: FromApplications): void {
  process.send?.(message);
}

function listen(port: number, replica: number): Promise<void> {
  const server = createServer((request, response) => {
    arrivals[replica]?.push(wallNow());
    const delay = moods[replica]?.delay ?? 0;
    if (request.url === "/stream") stream(response);
    else if (delay === 0) answer(replica, response);
    else setTimeout(answer, delay, replica, response);
  });
  return new Promise((resolve) => server.listen(port, "127.0.0.1", resolve));
}

process.on("message", (message: ToApplications) => {
  if (message.kind === "mood") {
    moods[message.mood.replica] = message.mood;
    tell({ kind: "changed" });
  } else {
    tell({ kind: "arrivals", arrivals: arrivals.map((times) => times.splice(0)) });
  }
});
process.once("disconnect", () => process.exit());
await Promise.all(ports.map(listen));
tell({ kind: "listening" });
