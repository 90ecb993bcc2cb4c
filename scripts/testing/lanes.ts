// End-to-end specs on several engines at once: an engine carries one mesh, and most of a spec's time is waiting for it.
import { add, type Count, NOTHING, runProgram } from "./suites.ts";

/** An engine on which specs run, one after the other. */
export interface Lane {
  /** A program with parameters that runs another one where the engine is; empty where that is here. */
  readonly enter: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

export interface LanesRun {
  readonly title: string;
  /** Run with each of the files as its last parameter. */
  readonly command: readonly string[];
  readonly files: readonly string[];
  readonly lanes: readonly Lane[];
  /** Shows text to whoever waits. */
  readonly print: (text: string) => void;
}

/** Every lane takes the next file when it has done one; what a file prints is shown when it is done. */
export async function runInLanes(
  { title, command, files, lanes, print }: LanesRun,
  signal: AbortSignal,
): Promise<Count> {
  print(`\n— ${title}${lanes.length > 1 ? `, on ${lanes.length} engines at once` : ""} —`);
  const next = files.values();
  const counts: Count[] = [];
  const work = async ({ enter, environment }: Lane): Promise<void> => {
    for (const file of next) {
      const lines: string[] = [];
      const suite = { title: file, command: [...enter, ...command, file], environment };
      counts.push(await runProgram(suite, (line) => void lines.push(line), signal));
      print(lines.join("\n"));
      signal.throwIfAborted();
    }
  };
  await Promise.all(lanes.map(work));
  return counts.reduce(add, NOTHING);
}
