// `npm run bench:start`: the same set-up as the tests, and on it what users wait for: a start, and a change of policy.
// Prints figures, judges none.
import { main } from "./main.ts";
import { Progress } from "./progress.ts";
import { readSettings } from "./settings.ts";
import { interruptible } from "./testing/interruptible.ts";
import { closeSession, openSession, testEnvironment } from "./testing/session.ts";
import { runSuite } from "./testing/suites.ts";

const MEASUREMENTS = [
  ["start to routable", "test/bench/start-to-routable.ts"],
  ["policy to in force", "test/bench/policy-in-force.ts"],
] as const;

const settings = readSettings("test");
const progress = new Progress();

await main(async () => {
  await interruptible(
    async (signal) => {
      const environment = await testEnvironment(await openSession(settings, progress));
      for (const [title, program] of MEASUREMENTS) {
        const command = ["node", program];
        const { failed } = await runSuite({ title, command, environment }, signal);
        if (failed > 0) process.exitCode = 1;
      }
    },
    async () => {
      await progress.step("taking the set-up away", async () => await closeSession(settings));
    },
  );
});
