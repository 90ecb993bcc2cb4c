// Ports for listeners that a test opens later, or that must know each other's port before they listen. The kernel's own
// choice (port 0) will not do for them: between asking and listening it gives the same port to the next test process, or
// to an outgoing connection, and requests then arrive at another test's sidecar.
import { once } from "node:events";
import { createServer } from "node:net";

/** Below the range that Linux takes for outgoing connections (`ip_local_port_range`, 32768 and up). */
const FIRST = 12_000;
const SHARE = 2_500;
/** mocha numbers its processes from 0; those beyond the last share begin again at the first. */
const SHARES = 8;

const first = FIRST + (Number(process.env["MOCHA_WORKER_ID"] ?? process.pid) % SHARES) * SHARE;
// Two runs on one machine use the same shares, but hardly the same part of them.
let given = process.pid % SHARE;

/** A port that nobody listens on at this address, and that no other test of this run is given while this one is in use. */
export async function freePort(address = "127.0.0.1"): Promise<number> {
  for (let tried = 0; tried < SHARE; tried += 1) {
    given = (given + 1) % SHARE;
    // Read before the wait: another call may have gone on to the next one meanwhile.
    const port = first + given;
    if (await isFree(port, address)) return port;
  }
  throw new Error(`expected a free port from ${first} to ${first + SHARE - 1}`);
}

async function isFree(port: number, address: string): Promise<boolean> {
  const server = createServer().listen(port, address);
  try {
    await once(server, "listening");
  } catch {
    return false;
  }
  server.close();
  await once(server, "close");
  return true;
}
