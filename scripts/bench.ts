// `npm run bench`: the data plane beside its peers, on loopback. Needs no engine. Prints figures and verdicts.
// `npm run bench -- policy`: what policies do for callers.
import { bench } from "../test/bench/bench.ts";
import { benchPolicy } from "../test/bench/policy/bench-policy.ts";
import { main } from "./main.ts";
import { interruptible } from "./testing/interruptible.ts";

const [first, ...rest] = process.argv.slice(2);

await main(() =>
  interruptible(
    (signal) =>
      first === "policy" ? benchPolicy(rest, signal) : bench(process.argv.slice(2), signal),
    // What runs ends with the work, which the signal cuts short.
    async () => undefined,
  ),
);
