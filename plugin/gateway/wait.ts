// The program of a gateway's container: it owns the network namespace and the published ports, and waits. Clients are served
// by the sidecar beside it. At the end it waits until they have left, or for as long as a container may usually take.
// Arguments: the ports at which they come in.
import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";

/** Milliseconds; Docker kills after 10 s. */
const LONGEST = 7_000;
/** The agent hears of the stop, and tells the sidecar. */
const SHORTEST = 500;
const INTERVAL = 100;
/** The kernel's number of an open connection. */
const ESTABLISHED = "01";

/** Connections of clients at these ports, from the kernel's list. */
function countClients(list: string, ports: ReadonlySet<number>): number {
  const lines = list.split("\n").slice(1);
  return lines.filter((line) => {
    const [, local = "", , state] = line.trim().split(/\s+/);
    return state === ESTABLISHED && ports.has(Number.parseInt(local.split(":")[1] ?? "", 16));
  }).length;
}

async function leave(ports: ReadonlySet<number>): Promise<void> {
  const deadline = Date.now() + LONGEST;
  await pause(SHORTEST);
  while (Date.now() < deadline && countClients(readFileSync("/proc/net/tcp", "latin1"), ports) > 0)
    await pause(INTERVAL);
  process.exit(0);
}

const ports = new Set(process.argv.slice(2).map(Number));
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => void leave(ports));
// Nothing else keeps a program alive.
setInterval(() => undefined, 2 ** 30);
