// What choosing among 100 endpoints costs, by the program that measures it alone.
import { join } from "node:path";
import { run, SetupError } from "../../../scripts/command.ts";
import type { Surroundings } from "../site.ts";

const PROGRAM = join(import.meta.dirname, "..", "pick-cost.ts");

export interface PickRow {
  readonly algorithm: string;
  /** Nanoseconds for a pick among endpoints of equal and of unequal weights. */
  readonly alike: number;
  readonly weighted: number;
}

export async function measurePicks(
  _surroundings: Surroundings,
  signal: AbortSignal,
): Promise<readonly PickRow[]> {
  return readPickCosts(await run(process.execPath, [PROGRAM], { signal }));
}

/** From what the program prints: a heading, then an algorithm and its two costs a line. */
export function readPickCosts(text: string): readonly PickRow[] {
  const rows = text.split("\n").slice(1).map(readRow);
  if (rows.length > 0) return rows;
  throw new SetupError(`expected the costs of picks, got ${text}`);
}

function readRow(line: string): PickRow {
  const [algorithm = "", alike, weighted] = line.trim().split(/ +/);
  const row = { algorithm, alike: Number(alike), weighted: Number(weighted) };
  if (row.alike > 0 && row.weighted > 0) return row;
  throw new SetupError(`expected an algorithm and two costs, got ${line}`);
}
