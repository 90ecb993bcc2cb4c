// `npm test`: types, lint, unit, integration and end-to-end tests on a real engine with a real Consul.
import { explain } from "./main.ts";
import { Progress } from "./progress.ts";
import { readSettings } from "./settings.ts";
import { interruptible } from "./testing/interruptible.ts";
import { closeSession, openSession, testEnvironment } from "./testing/session.ts";
import { add, type Count, closingLine, NOTHING, runSuite, type Suite } from "./testing/suites.ts";

const settings = readSettings("test");
const progress = new Progress();

const COLOR = process.stdout.isTTY ? "--color" : "--no-color";
const SUITES: readonly (Omit<Suite, "environment"> & Partial<Suite>)[] = [
  { title: "types", command: ["tsc", "--pretty", String(process.stdout.isTTY === true)] },
  { title: "lint", command: ["biome", "ci", "--error-on-warnings", "--colors=off", "."] },
  { title: "unit and integration", command: ["mocha", COLOR] },
  // The sidecar takes short cuts past Node's sockets where it can: everything must hold on documented parts alone as well.
  {
    title: "the sidecar on plain sockets",
    command: ["mocha", COLOR, "--config", "test/proxy/mocharc-sockets.json"],
    environment: { MESH_IO: "socket" },
  },
  { title: "end to end", command: ["mocha", COLOR, "--config", "test/e2e/mocharc.json"] },
];

const counts = new Map<string, Count>();
try {
  await interruptible(runAll, async () => {
    await progress.step("taking the set-up away", async () => await closeSession(settings));
  });
} catch (error) {
  console.error(`\n${explain(error)}`);
  counts.set("set-up", { passed: 0, failed: 1 });
}
for (const [title, count] of counts) console.log(`${title}: ${closingLine(count)}`);
const total = [...counts.values()].reduce(add, NOTHING);
console.log(`\n${closingLine(total)}`);
process.exit(total.failed === 0 ? 0 : 1);

async function runAll(signal: AbortSignal): Promise<void> {
  const session = await openSession(settings, progress);
  const environment = await testEnvironment(session);
  for (const suite of SUITES) {
    counts.set(
      suite.title,
      await runSuite({ ...suite, environment: { ...environment, ...suite.environment } }, signal),
    );
    signal.throwIfAborted();
  }
}
