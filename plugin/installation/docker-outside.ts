// The docker command where this program runs in a container, which has none: the script that started it (plugin/docker-mesh)
// runs it on the user's machine. Lines on standard output ask for that, lines on standard input answer; all other output is
// lines, too, so that the two are told apart.
import { createInterface } from "node:readline";
import type { Environment } from "../docker/engine-address.ts";

/** Set by the script. */
const OUTSIDE = "MESH_DOCKER_OUTSIDE";

export function isOutside(environment: Environment): boolean {
  return (environment[OUTSIDE] ?? "") !== "";
}

/** What is printed, as the script expects it. */
export function sayOutside(text: string): string {
  return text
    .replace(/\n$/, "")
    .split("\n")
    .map((line) => `say ${line}\n`)
    .join("");
}

export interface OutsideCall {
  /** Of `docker`. */
  readonly arguments: readonly string[];
  readonly environment: Environment;
  readonly input: string;
  /** Gets each line of standard error, once it is over; undefined: the user sees them as they come. */
  readonly onLine: ((line: string) => void) | undefined;
}

/** The script takes these of the user's environment; others are its own. */
const PASSED_ON = /^(?:MESH|OTEL_EXPORTER_OTLP)_/;

/** The three lines with which the script is asked. */
export function renderOutsideCall(call: OutsideCall): string {
  const { environment, input, onLine } = call;
  const variables = Object.entries(environment)
    .filter(([name, value]) => PASSED_ON.test(name) && name !== OUTSIDE && value !== undefined)
    .map(([name, value]) => `${name}=${value}`);
  const words = ["env", ...variables, "docker", ...call.arguments].map(quote).join(" ");
  return `run ${onLine === undefined ? "shown" : "kept"}\n${escapeBackslashes(input)}\n${words}\n`;
}

/** A word for a shell. Throws for one that would not stay on its line. */
function quote(word: string): string {
  if (/[\n\r\0]/.test(word)) throw new Error(`expected a word without line breaks, got ${word}`);
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/** For `printf %b`, on one line. */
function escapeBackslashes(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll("\r", "\\r");
}

export interface OutsideEnd {
  readonly code: number | null;
  readonly output: string;
}

let answers: AsyncIterator<string> | undefined;

/** One at a time. */
export async function runOutside(call: OutsideCall): Promise<OutsideEnd> {
  answers ??= createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  process.stdout.write(renderOutsideCall(call));
  const output: string[] = [];
  for (;;) {
    const { value: line, done } = await answers.next();
    if (done === true) return { code: null, output: output.join("\n") };
    const [kind, rest] = [line.slice(0, 4), line.slice(4)];
    if (kind === "out ") output.push(rest);
    if (kind === "err ") call.onLine?.(rest.trim());
    if (kind === "end ") return { code: Number(rest), output: output.join("\n") };
  }
}
