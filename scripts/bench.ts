// `npm run bench`: the data plane beside its peers, on loopback. Needs no engine. Prints figures and verdicts.
import { bench } from "../test/bench/bench.ts";
import { main } from "./main.ts";

await main(() => bench(process.argv.slice(2)));
