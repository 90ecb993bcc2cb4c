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
import { compileLoadGenerator } from "./load-generator.ts";
import { type BenchOptions, readOptions, USAGE } from "./options.ts";
import { findProgram, type Peer, versionOf } from "./peer.ts";
import { EVERY_PEER } from "./peers/every-peer.ts";
import { BUNDLES } from "./peers/mesh.ts";
import { takePort } from "./ports.ts";
import { memoryOf } from "./processes.ts";
import type { Results, Row, SubjectResult } from "./results.ts";
import { measureRounds, type Running } from "./rounds.ts";
import { Site, type Surroundings } from "./site.ts";
import { idleTable, judgementTable, loadTables } from "./tables.ts";

const progress = new Progress();

/** Measures what the command line asks for. Throws when it could not. */
export async function bench(parameters: readonly string[]): Promise<void> {
  if (parameters.includes("--help")) {
    console.log(USAGE);
    return;
  }
  const options = readOptions(parameters, EVERY_PEER);
  await leaveProxyCore();
  const settings = readSettings("test");
  await withTemporaryFolder(settings.cache, async (folder) => {
    const results = await measureAll(options, folder, settings.project, settings.cache);
    print(results);
    if (options.json !== undefined) {
      await writeFile(options.json, `${JSON.stringify(results, undefined, 1)}\n`);
    }
  });
}

async function measureAll(
  options: BenchOptions,
  folder: string,
  project: string,
  cache: string,
): Promise<Results> {
  const generator = await progress.step("load generator", () => compileLoadGenerator(cache));
  await progress.step("the sidecar's bundle", () =>
    bundlePrograms(project, cache, join(folder, BUNDLES)),
  );
  const surroundings: Surroundings = {
    ...{ folder, project, backendPort: await takePort() },
    certificates: await writeCertificates(folder),
  };
  const traffic = options.parts.has("traffic")
    ? await measureTraffic(options, surroundings, generator)
    : { subjects: [], missing: [], rows: [] };
  return {
    date: new Date().toISOString(),
    machine: `${cpus().length} × ${cpus()[0]?.model.trim()}, Linux ${release()}, Node ${process.version}`,
    rounds: options.rounds,
    seconds: options.seconds,
    ...traffic,
    starts: [],
    crowd: [],
  };
}

type Traffic = Pick<Results, "subjects" | "missing" | "rows">;

async function measureTraffic(
  options: BenchOptions,
  surroundings: Surroundings,
  generator: string,
): Promise<Traffic> {
  await using stack = new AsyncDisposableStack();
  const subjects: SubjectResult[] = [];
  const running: Running[] = [];
  const missing: string[] = [];
  for (const peer of options.peers) {
    const program = peer.program === undefined ? "" : await findProgram(peer.program);
    if (program === undefined) {
      missing.push(
        `${peer.name}: ${peer.program?.name} is not installed: ${peer.program?.install}`,
      );
      continue;
    }
    await progress.step(`starting ${peer.name}`, async () => {
      const site = stack.use(await Site.create(surroundings, peer.name));
      const port = await peer.start(site, program);
      const processes = await site.processes();
      running.push({ name: peer.name, port, processes });
      subjects.push(await describe(peer, program, processes));
    });
  }
  for (const line of missing) progress.say(`skipped ${line}`);
  const rows = await measureRounds(running, {
    ...options,
    ...{ generator, backendPort: surroundings.backendPort, measured: sayRow },
  });
  return { subjects, missing, rows };
}

async function describe(
  { name, shape, program }: Peer,
  path: string,
  processes: readonly number[],
): Promise<SubjectResult> {
  const version =
    program === undefined ? process.version : await versionOf(path, program.versionOption);
  return { name, shape, version, idle: await Promise.all(processes.map(memoryOf)) };
}

function sayRow(row: Row): void {
  const { load, round, subject, processorPerRequest, requestsPerSecond, errors, firstError } = row;
  const rate = Math.round(requestsPerSecond).toLocaleString("en");
  const wrong = errors === 0 ? "" : `, ${errors} ERRORS: ${firstError}`;
  const disturbed = row.disturbed ? `, disturbed (${Math.round(row.foreignShare * 100)} %)` : "";
  progress.say(
    `${load} ${round} ${subject}: ${processorPerRequest.toFixed(1)} µs CPU, ${rate}/s${wrong}${disturbed}`,
  );
}

function print(results: Results): void {
  console.log(`\n${results.machine}, ${results.rounds} rounds of ${results.seconds} s\n`);
  console.log(loadTables(results));
  console.log(idleTable(results));
  console.log(judgementTable(judge(results)));
}
