// `npm run bench`: the data plane beside its peers, on loopback. Needs no engine. Prints figures and verdicts.
import { bench } from "../test/bench/bench.ts";
import { main } from "./main.ts";
import { interruptible } from "./testing/interruptible.ts";

await main(() =>
  interruptible(
    (signal) => bench(process.argv.slice(2), signal),
    // What runs ends with the work, which the signal cuts short.
    async () => undefined,
  ),
);
