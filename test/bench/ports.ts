// Ports for listeners that come and go during a run: below the range from which the kernel takes the ports of outgoing
// connections, or one of these could take the backend's port between two measurements.
import { once } from "node:events";
import { createServer } from "node:net";

const FIRST = 21_000;
const LAST = 31_999;
let next = FIRST;

/** A port that nobody listens on and that is handed out once. */
export async function takePort(): Promise<number> {
  while (next <= LAST) {
    const port = next;
    next += 1;
    if (await isFree(port)) return port;
  }
  throw new Error(`expected a free port between ${FIRST} and ${LAST}, found none`);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, "0.0.0.0");
  const free = await once(server, "listening").then(
    () => true,
    () => false,
  );
  if (free) {
    server.close();
    await once(server, "close");
  }
  return free;
}
