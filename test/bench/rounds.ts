// The measurements: every load, every round, every subject, in an order that changes from round to round. A measurement
// in which somebody else used the proxies' core is taken again, and marked when that does not help.
import { type Figures, type LoadGenerator, putLoad } from "./load-generator.ts";
import { CLOSED_32, type Load } from "./loads.ts";
import { forgetPeak, peakOf } from "./processes.ts";
import type { Row } from "./results.ts";
import { rotated, summarize } from "./statistics.ts";

/** A subject that runs and accepts connections. */
export interface Running {
  readonly name: string;
  readonly port: number;
  readonly processes: readonly number[];
}

export interface RoundOptions {
  readonly loads: readonly Load[];
  readonly rounds: number;
  readonly warmSeconds: number;
  readonly seconds: number;
  readonly generator: LoadGenerator;
  readonly backendPort: number;
  /** Told after each measurement. */
  readonly measured: (row: Row) => void;
}

const MOST_FOREIGN = 0.03;
const ATTEMPTS = 3;
/** Connections to the backend for each request, beyond which they are not kept: pools grow a little under way. */
const MOST_NEW = 0.01;

export async function measureRounds(
  subjects: readonly Running[],
  options: RoundOptions,
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const load of options.loads) {
    for (let round = 1; round <= options.rounds; round += 1) {
      for (const subject of rotated(subjects, round - 1)) {
        const row = await measureAgain(subject, load, round, rateOf(load, subject, rows), options);
        rows.push(row);
        options.measured(row);
      }
    }
  }
  return rows;
}

/** Throws for `half` without a measurement of closed-32. */
function rateOf({ rate }: Load, { name }: Running, rows: readonly Row[]): number {
  if (rate !== "half") return rate;
  const knee = summarize(
    rows
      .filter((row) => row.subject === name && row.load === CLOSED_32.name)
      .map(({ requestsPerSecond }) => requestsPerSecond),
  );
  if (knee === undefined)
    throw new Error(`expected ${name} to be measured with ${CLOSED_32.name} first`);
  return Math.round(knee.median / 2);
}

async function measureAgain(
  subject: Running,
  load: Load,
  round: number,
  rate: number,
  options: RoundOptions,
): Promise<Row> {
  let best: Row | undefined;
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const row = await measure(subject, load, round, rate, options);
    if (best === undefined || row.foreignShare < best.foreignShare) best = row;
    if (!best.disturbed) return best;
  }
  if (best === undefined) throw new Error("expected at least one attempt");
  return best;
}

async function measure(
  { name, port, processes }: Running,
  { name: load, connections, bodyBytes }: Load,
  round: number,
  rate: number,
  { generator, backendPort, warmSeconds, seconds }: RoundOptions,
): Promise<Row> {
  for (const process of processes) await forgetPeak(process);
  const shape = { port, backendPort, connections, bodyBytes, rate, warmSeconds, seconds };
  const figures = await putLoad(generator, { ...shape, processes });
  const peaks = await Promise.all(processes.map(peakOf));
  const disturbed = processes.length > 0 && isDisturbed(figures);
  return { ...figures, subject: name, load, round, peaks, disturbed };
}

/** What makes a measurement not comparable, as far as the backend can see it. */
export function inequalities(row: Row): readonly string[] {
  const { subject, requests, backendConnections, newBackendConnections } = row;
  const found: string[] = [];
  if (newBackendConnections > requests * MOST_NEW) found.push("connections are not kept");
  if (subject !== "direct" && row.forwardedConnections < backendConnections / 2) {
    found.push("no x-forwarded-for");
  }
  return found;
}

function isDisturbed({ foreignShare, stolenShare }: Figures): boolean {
  return foreignShare + stolenShare > MOST_FOREIGN;
}
