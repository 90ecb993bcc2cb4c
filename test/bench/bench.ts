// `npm run bench`: our sidecars beside their peers, on this machine, in one run. Prints tables on standard output and
// progress on standard error; judges by the bars of bars.ts, and fails only when it could not measure.
import { writeFile } from "node:fs/promises";
import { cpus, release } from "node:os";
import { join } from "node:path";
import { bundlePrograms } from "../../scripts/images/bundle.ts";
import { Progress } from "../../scripts/progress.ts";
import { readSettings } from "../../scripts/settings.ts";
import { withTemporaryFolder } from "../../scripts/temporary-folder.ts";
import { judge } from "./bars.ts";
import { writeCertificates } from "./certificate-files.ts";
import { leaveProxyCore } from "./cores.ts";
import { measureCrowd } from "./crowd.ts";
import { compileLoadGenerator, type LoadGenerator } from "./load-generator.ts";
import { type BenchOptions, type Part, readOptions, USAGE } from "./options.ts";
import { EVERY_PEER } from "./peers/every-peer.ts";
import { BUNDLES } from "./peers/mesh.ts";
import { takePort } from "./ports.ts";
import type { Results } from "./results.ts";
import type { Surroundings } from "./site.ts";
import { measureStarts } from "./start-up.ts";
import { asText } from "./table.ts";
import { idleTable, judgementTable, loadTables } from "./tables.ts";
import { measureTraffic, type Traffic } from "./traffic.ts";

const NO_TRAFFIC: Traffic = { subjects: [], missing: [], rows: [] };

const progress = new Progress();

/** Measures what the command line asks for. Throws when it could not, or when the signal aborted. */
export async function bench(parameters: readonly string[], signal: AbortSignal): Promise<void> {
  if (parameters.includes("--help")) {
    console.log(USAGE);
    return;
  }
  const options = readOptions(parameters, EVERY_PEER);
  await leaveProxyCore();
  const { cache, project } = readSettings("test");
  await withTemporaryFolder(cache, async (folder) => {
    const generator = await progress.step("load generator", () => compileLoadGenerator(cache));
    await progress.step("the sidecar's bundle", () =>
      bundlePrograms(project, cache, join(folder, BUNDLES)),
    );
    const certificates = await writeCertificates(folder);
    const { nodeFlags } = options;
    const surroundings = { folder, certificates, nodeFlags, backendPort: await takePort() };
    const results = await measure(options, surroundings, { program: generator, signal });
    print(results);
    if (options.json !== undefined) {
      await writeFile(options.json, `${JSON.stringify(results, undefined, 1)}\n`);
    }
  });
}

async function measure(
  options: BenchOptions,
  surroundings: Surroundings,
  generator: LoadGenerator,
): Promise<Results> {
  const { parts, rounds, seconds } = options;
  const when = <T>(part: Part, work: () => Promise<T>, otherwise: T): Promise<T> =>
    parts.has(part) ? progress.step(part, work) : Promise.resolve(otherwise);
  const starts = await when("start", () => measureStarts(surroundings), []);
  const crowd = await when("memory", () => measureCrowd(surroundings), []);
  const traffic = parts.has("traffic")
    ? await measureTraffic(options, surroundings, generator, progress)
    : NO_TRAFFIC;
  const machine = `${cpus().length} × ${cpus()[0]?.model.trim()}, Linux ${release()}, Node ${process.version}`;
  return { date: new Date().toISOString(), machine, rounds, seconds, ...traffic, starts, crowd };
}

function print(results: Results): void {
  const { machine, rounds, seconds } = results;
  const tables = [...loadTables(results), idleTable(results), judgementTable(judge(results))];
  console.log(`\n${machine}; ${rounds} rounds of ${seconds} s`);
  for (const table of tables) if (table.rows.length > 1) console.log(`\n${asText(table)}`);
}
