// `npm run fuzz [-- seconds]`: the searches that `npm test` does for a moment, for as long as wanted. Each property gets that
// many seconds, 60 by default; what it finds is printed with the seed that finds it again.
import { SetupError } from "./command.ts";
import { main } from "./main.ts";
import { interruptible } from "./testing/interruptible.ts";
import { runSuite } from "./testing/suites.ts";

const DEFAULT_SECONDS = "60";
const SEARCHES = ["test/proxy/http1/fuzz.spec.ts", "test/proxy/link/fuzz.spec.ts"];

await main(async () => {
  const seconds = process.argv[2] ?? DEFAULT_SECONDS;
  if (!(Number(seconds) > 0))
    throw new SetupError(`expected a number of seconds, got "${seconds}"`);
  const specs = SEARCHES.flatMap((spec) => ["--spec", spec]);
  const command = ["mocha", "--no-config", "--extension", "ts", "--timeout", "0", ...specs];
  const environment = { MESH_FUZZ_SECONDS: seconds };
  await interruptible(
    async (signal) => {
      const { failed } = await runSuite({ title: "fuzz", command, environment }, signal);
      if (failed > 0) throw new SetupError("the search has found something, see above");
    },
    async () => undefined,
  );
});
