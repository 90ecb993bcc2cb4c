// `npm run reliability`: what befalls a mesh under load and what it costs its callers, on a real engine.
// Takes all that it set up away again.

import { readOptions, USAGE } from "../test/reliability/options.ts";
import { measureReliability } from "../test/reliability/reliability.ts";
import { main } from "./main.ts";
import { Progress } from "./progress.ts";
import { readSettings } from "./settings.ts";
import { interruptible } from "./testing/interruptible.ts";
import { closeSession, openSession, testEnvironment } from "./testing/session.ts";

const settings = readSettings("test");
const progress = new Progress();
const parameters = process.argv.slice(2);

await main(async () => {
  if (parameters.includes("--help")) {
    console.log(USAGE);
    return;
  }
  const options = readOptions(parameters);
  const work = async (signal: AbortSignal): Promise<boolean> => {
    const session = await openSession(settings, progress);
    Object.assign(process.env, await testEnvironment(session));
    signal.throwIfAborted();
    return await measureReliability(options, (text) => console.log(text), signal);
  };
  const asPromised = await interruptible(work, async () => {
    await progress.step("taking the set-up away", async () => await closeSession(settings));
  });
  if (!asPromised) process.exitCode = 1;
});
