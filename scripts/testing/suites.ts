// Running the suites one after another and adding up what they say, so that the whole run ends with one line.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

export interface Count {
  readonly passed: number;
  readonly failed: number;
}

export interface Suite {
  readonly title: string;
  /** A program with parameters. */
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

export const NOTHING: Count = { passed: 0, failed: 0 };

const CLOSING_LINE = /^(?<passed>\d+) passed, (?<failed>\d+) failed$/;

/** The sum of two counts. */
export function add(a: Count, b: Count): Count {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed };
}

/** The line that closes a run. */
export function closingLine({ passed, failed }: Count): string {
  return `${passed} passed, ${failed} failed`;
}

/** The count in a suite's closing line, or undefined for any other line. */
export function parseClosingLine(line: string): Count | undefined {
  const groups = CLOSING_LINE.exec(line)?.groups;
  if (groups === undefined) return undefined;
  return { passed: Number(groups["passed"]), failed: Number(groups["failed"]) };
}

/** What a suite counts as: its own word, but never as good when its program failed. */
export function judge(said: Count | undefined, code: number | undefined): Count {
  const count = said ?? { passed: code === 0 ? 1 : 0, failed: 0 };
  return code === 0 || count.failed > 0 ? count : { ...count, failed: 1 };
}

/** Runs a suite, showing its output but for its closing line. */
export async function runSuite(suite: Suite, signal: AbortSignal): Promise<Count> {
  console.log(`\n— ${suite.title} —`);
  return await runProgram(suite, (line) => console.log(line), signal);
}

/** Runs a suite's program; every line that it prints but for its closing line is given to `print`. */
export async function runProgram(
  { title, command, environment }: Suite,
  print: (line: string) => void,
  signal: AbortSignal,
): Promise<Count> {
  const [program = "", ...parameters] = command;
  const child = spawn(program, parameters, {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, ...environment },
    signal,
  });
  const ended = Promise.withResolvers<number | undefined>();
  child.once("close", (code) => ended.resolve(code ?? undefined));
  child.once("error", (error) => {
    console.error(`${program}: ${error.message}`);
    ended.resolve(undefined);
  });
  let said: Count | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    const count = parseClosingLine(line);
    if (count === undefined) print(line);
    else said = count;
  }
  const code = await ended.promise;
  if (code !== 0 && (said?.failed ?? 0) === 0) {
    print(`${title}: ${code === undefined ? "was ended" : `ended with exit code ${code}`}`);
  }
  return judge(said, code);
}
