// `npm run test:engines`: the end-to-end tests on the oldest engine the mesh supports and on a current one.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { isInstalled, SetupError } from "./command.ts";
import { ENGINE_RELEASES, type EngineRelease, unpackRelease } from "./engine/release.ts";
import { explain } from "./main.ts";
import { Progress } from "./progress.ts";
import { readSettings } from "./settings.ts";
import {
  loadImages,
  type NamespacedEngine,
  removeNamespace,
  saveImages,
  startInNamespace,
} from "./testing/engine-namespace.ts";
import { interruptible } from "./testing/interruptible.ts";
import {
  closeSession,
  imagesOf,
  openSession,
  type Session,
  testEnvironment,
} from "./testing/session.ts";
import { add, type Count, closingLine, NOTHING, runSuite } from "./testing/suites.ts";

const settings = readSettings("test");
const progress = new Progress();
const savedImages = join(settings.state, "images.tar");

const counts = new Map<string, Count>();
try {
  await interruptible(runAll, async () => {
    await progress.step("taking the set-up away", async () => {
      for (const { version } of ENGINE_RELEASES) await removeNamespace(settings, version);
      await closeSession(settings);
    });
  });
} catch (error) {
  console.error(`\n${explain(error)}`);
  counts.set("set-up", { passed: 0, failed: 1 });
}
for (const [name, count] of counts) console.log(`${name}: ${closingLine(count)}`);
const total = [...counts.values()].reduce(add, NOTHING);
console.log(`\n${closingLine(total)}`);
process.exit(total.failed === 0 ? 0 : 1);

async function runAll(signal: AbortSignal): Promise<void> {
  if (process.getuid?.() !== 0) {
    throw new SetupError(
      "expected root, since these tests start engines in network namespaces of their own",
    );
  }
  if (!(await isInstalled("ip"))) {
    throw new SetupError(
      "expected the program `ip`, found none; install Debian's package iproute2",
    );
  }
  const session = await openSession(settings, progress);
  await progress.step("saving the images", async () => {
    await mkdir(settings.state, { recursive: true });
    await saveImages(imagesOf(session), savedImages);
  });
  for (const release of ENGINE_RELEASES) {
    counts.set(`Docker Engine ${release.version}`, await runOn(release, session, signal));
  }
}

async function runOn(
  release: EngineRelease,
  session: Session,
  signal: AbortSignal,
): Promise<Count> {
  const engine = await progress.step(
    `Docker Engine ${release.version}`,
    async () => await start(release),
    ({ version }) => version,
  );
  await progress.step("loading the images", async () => await loadImages(engine, savedImages));
  const environment = await testEnvironment({ ...session, engine: { ...engine, own: true } });
  const suite = {
    title: `end to end on Docker Engine ${engine.version}`,
    command: [
      ...engine.enter,
      "mocha",
      "--config",
      "test/e2e/mocharc.json",
      "test/e2e/**/*.spec.ts",
    ],
    environment,
  };
  const count = await runSuite(suite, signal);
  signal.throwIfAborted();
  await removeNamespace(settings, release.version);
  return count;
}

async function start(release: EngineRelease): Promise<NamespacedEngine> {
  const binaries = await unpackRelease(settings.cache, release);
  const engine = await startInNamespace(settings, release.version, binaries);
  if (engine.version.startsWith(`${release.version}.`)) return engine;
  throw new SetupError(
    `expected Debian's ${release.suite} to carry Docker Engine ${release.version}, found ${engine.version}`,
  );
}
