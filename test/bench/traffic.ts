// All subjects run at once, and all but the one under load are idle.
import { SetupError } from "../../scripts/command.ts";
import type { Progress } from "../../scripts/progress.ts";
import type { LoadGenerator } from "./load-generator.ts";
import type { BenchOptions } from "./options.ts";
import { findProgram, type Peer, versionOf } from "./peer.ts";
import { memoryOf } from "./processes.ts";
import type { Results, Row, SubjectResult } from "./results.ts";
import { inequalities, measureRounds, type Running } from "./rounds.ts";
import { Site, type Surroundings } from "./site.ts";

export type Traffic = Pick<Results, "subjects" | "missing" | "rows">;

interface Started {
  readonly running: Running;
  readonly result: SubjectResult;
}

export async function measureTraffic(
  options: BenchOptions,
  surroundings: Surroundings,
  generator: LoadGenerator,
  progress: Progress,
): Promise<Traffic> {
  await using sites = new AsyncDisposableStack();
  const started: Started[] = [];
  const missing: string[] = [];
  for (const peer of options.peers) {
    const subject = await startSubject(peer, surroundings, sites);
    if (typeof subject === "string") {
      missing.push(`${peer.name}: ${subject}`);
      progress.say(`skipped ${peer.name}: ${subject}`);
    } else {
      started.push(subject);
      progress.say(`started ${peer.name} ${subject.result.version}`.trimEnd());
    }
  }
  const rows = await measureRounds(
    started.map(({ running }) => running),
    {
      ...options,
      ...{ generator, backendPort: surroundings.backendPort },
      measured: (row) => progress.say(describeRow(row)),
    },
  );
  return { subjects: started.map(({ result }) => result), missing, rows };
}

/** The subject, or why there is none. Throws only for what is ours: a peer may be too old or too new for its file here. */
async function startSubject(
  peer: Peer,
  surroundings: Surroundings,
  sites: AsyncDisposableStack,
): Promise<Started | string> {
  const { name, shape, program } = peer;
  const path = program === undefined ? "" : await findProgram(program);
  if (path === undefined) return `not found; ${program?.install}`;
  const site = sites.use(await Site.create(surroundings, name));
  try {
    const port = await peer.start(site, path);
    const processes = await site.processes();
    const idle = await Promise.all(processes.map(memoryOf));
    const version =
      program === undefined ? process.version : await versionOf(path, program.versionOption);
    return { running: { name, port, processes }, result: { name, shape, version, idle } };
  } catch (error) {
    if (program === undefined || !(error instanceof SetupError)) throw error;
    return error.message;
  }
}

function describeRow(row: Row): string {
  const { load, round, subject, processorPerRequest, requestsPerSecond, errors, firstError } = row;
  const rate = Math.round(requestsPerSecond).toLocaleString("en");
  const wrong = errors === 0 ? "" : `, ${errors} ERRORS, the first: ${firstError}`;
  const unequal = inequalities(row).map((text) => `, ${text.toUpperCase()}`);
  const disturbed = row.disturbed ? `, disturbed by ${Math.round(row.foreignShare * 100)} %` : "";
  const figures = `${processorPerRequest.toFixed(1)} µs CPU, ${rate}/s`;
  return `${load}, round ${round}, ${subject}: ${figures}${wrong}${unequal.join("")}${disturbed}`;
}
