// `npm run test:swarm`: everything that is specified on swarms, on swarms that are made of this machine one after another.
// What else is given is passed on to mocha, such as `-- --grep labels`.
import { SetupError } from "./command.ts";
import { explain } from "./main.ts";
import { Progress } from "./progress.ts";
import { readSettings } from "./settings.ts";
import { missingForSwarm } from "./swarm/requirements.ts";
import { interruptible } from "./testing/interruptible.ts";
import { closeSession, openSession, testEnvironment } from "./testing/session.ts";
import { type Count, closingLine, runSuite } from "./testing/suites.ts";
import { removeTestSwarm } from "./testing/swarm-suite.ts";

const settings = readSettings("test");
const progress = new Progress();

let count: Count = { passed: 0, failed: 1 };
try {
  await interruptible(run, async () => {
    await progress.step("taking the set-up away", async () => {
      await removeTestSwarm(settings);
      await closeSession(settings);
    });
  });
} catch (error) {
  console.error(`\n${explain(error)}`);
}
console.log(`\n${closingLine(count)}`);
process.exit(count.failed === 0 ? 0 : 1);

async function run(signal: AbortSignal): Promise<void> {
  const missing = await missingForSwarm();
  if (missing !== undefined) throw new SetupError(missing);
  const environment = await testEnvironment(await openSession(settings, progress));
  const command = ["mocha", "--config", "test/swarm/mocharc.json", ...process.argv.slice(2)];
  count = await runSuite({ title: "swarms", command, environment }, signal);
}
