// A program: opens many connections and says nothing on them, until its standard input ends.
// node test/helpers/idle-callers.ts <host> <port> <count>; prints "ready", and at the end how many were closed meanwhile.
import { once } from "node:events";
import { connect } from "node:net";

/** Connecting at once: as many as fit into the queue of a listener. */
const BATCH = 250;

const [host = "", port = "", count = ""] = process.argv.slice(2);
let closed = 0;
for (let opened = 0; opened < Number(count); opened += BATCH) {
  const batch = Array.from({ length: BATCH }, () =>
    connect({ host, port: Number(port) })
      .on("error", () => undefined)
      .on("close", () => {
        closed += 1;
      }),
  );
  await Promise.all(batch.map((socket) => once(socket, "connect")));
}
process.stdout.write("ready\n");
process.stdin.resume();
await once(process.stdin, "end");
process.stdout.write(`${closed}\n`);
process.exit(0);
