// `npm test`: types, lint, unit, integration and end-to-end tests on a real engine with a real Consul.
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { explain } from "./main.ts";
import { Progress } from "./progress.ts";
import { readSettings } from "./settings.ts";
import { interruptible } from "./testing/interruptible.ts";
import { type Lane, runInLanes } from "./testing/lanes.ts";
import { canHaveMoreEngines, closeMoreEngines, openMoreEngines } from "./testing/more-engines.ts";
import { closeSession, openSession, type Session, testEnvironment } from "./testing/session.ts";
import { add, type Count, closingLine, NOTHING, runSuite, type Suite } from "./testing/suites.ts";
import { removeTestSwarm, runSwarmSuite } from "./testing/swarm-suite.ts";

const settings = readSettings("test");
const progress = new Progress();

const COLOR = process.stdout.isTTY ? "--color" : "--no-color";
const SUITES: readonly (Omit<Suite, "environment"> & Partial<Suite>)[] = [
  { title: "types", command: ["tsc", "--pretty", String(process.stdout.isTTY === true)] },
  { title: "types of the console's page", command: ["tsc", "-p", "plugin/console/page"] },
  { title: "lint", command: ["biome", "ci", "--error-on-warnings", "--colors=off", "."] },
  { title: "unit and integration", command: ["mocha", COLOR] },
  // The sidecar takes short cuts past Node's sockets where it can: everything must hold on documented parts alone as well.
  {
    title: "the sidecar on plain sockets",
    command: ["mocha", COLOR, "--config", "test/proxy/mocharc-sockets.json"],
    environment: { MESH_IO: "socket" },
  },
];
const SWARM = {
  title: "swarm",
  command: ["mocha", COLOR, "--config", "test/swarm/mocharc-short.json"],
};
const END_TO_END = {
  title: "end to end",
  command: ["mocha", COLOR, "--config", "test/e2e/mocharc.json"],
  folder: "test/e2e",
  // An application is held some milliseconds after its start, and more where others have the processors: nothing runs beside it.
  alone: "start-up.spec.ts",
  /** The longest ones begin first: at the end no engine is to be left with one while the others have nothing to do. */
  long: [
    ...["policy-traffic", "hand-over", "explain", "docs-demo", "policy-access", "upgrade"],
    ...["docs-engine", "faults", "provider", "install", "policy-live", "metrics"],
  ].map((name) => `${name}.spec.ts`),
};

const counts = new Map<string, Count>();
try {
  await interruptible(runAll, async () => {
    await progress.step("taking the set-up away", async () => {
      await removeTestSwarm(settings);
      await closeMoreEngines(settings);
      await closeSession(settings);
    });
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
  counts.set(SWARM.title, await runSwarmSuite({ ...SWARM, environment }, signal));
  signal.throwIfAborted();
  const here: Lane = { enter: [], environment };
  const { title, command, folder, alone, long } = END_TO_END;
  const names = (await readdir(folder)).filter((name) => name.endsWith(".spec.ts"));
  const short = names.filter((name) => name !== alone && !long.includes(name)).toSorted();
  const others = [...long.filter((name) => names.includes(name)), ...short];
  const print = (text: string): void => console.log(text);
  const run = async (chosen: readonly string[], lanes: readonly Lane[]): Promise<Count> => {
    const files = chosen.map((name) => join(folder, name));
    return await runInLanes({ title, command, files, lanes, print }, signal);
  };
  // Before there are more engines, which have much to do when they have just been started.
  const first = await run([alone], [here]);
  counts.set(title, add(first, await run(others, [here, ...(await moreLanes(session))])));
}

async function moreLanes(session: Session): Promise<readonly Lane[]> {
  if (!(await canHaveMoreEngines())) return [];
  return await progress.step("more engines", async () => await openMoreEngines(settings, session));
}
