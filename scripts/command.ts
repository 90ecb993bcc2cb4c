// Running other programs: captured, checked, and always with a reason when they fail.
import { spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";

export interface CommandOptions {
  readonly cwd?: string;
  /** Added to this process's environment. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Ends the program with SIGTERM when it aborts. */
  readonly signal?: AbortSignal;
  /** Called with each piece of output as it comes. */
  readonly onOutput?: (text: string) => void;
  /** Fed to the program's standard input, which is closed otherwise. */
  readonly input?: Readable;
}

export interface CommandResult {
  /** Undefined when a signal ended it or it could not be started. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** A failure that a person can act on: what was tried, and what to do about it. */
export class SetupError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "SetupError";
  }
}

const QUOTED_LINES = 15;

/** Runs a program to its end, whatever its exit code. */
export async function attempt(
  program: string,
  parameters: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const child = spawn(program, parameters, {
    stdio: [options.input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    env: { ...process.env, ...options.environment },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  const output = { stdout: "", stderr: "" };
  const collect = (name: "stdout" | "stderr") => (text: string) => {
    output[name] += text;
    options.onOutput?.(text);
  };
  child.stdout?.setEncoding("utf8").on("data", collect("stdout"));
  child.stderr?.setEncoding("utf8").on("data", collect("stderr"));
  const feeding = feed(options.input, child.stdin);
  const ended = Promise.withResolvers<CommandResult>();
  child.once("close", (code) => ended.resolve({ code: code ?? undefined, ...output }));
  child.once("error", (error) => {
    ended.resolve({ code: undefined, ...output, stderr: `${output.stderr}${error.message}` });
  });
  const result = await ended.promise;
  await feeding;
  return result;
}

/** Runs a program and returns its standard output, trimmed. Throws SetupError unless it exits with 0. */
export async function run(
  program: string,
  parameters: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const result = await attempt(program, parameters, options);
  if (result.code === 0) return result.stdout.trim();
  options.signal?.throwIfAborted();
  const how = result.code === undefined ? "did not finish" : `exited with ${result.code}`;
  throw new SetupError(
    `\`${[program, ...parameters].join(" ")}\` ${how}:\n${lastLines(`${result.stdout}\n${result.stderr}`)}`,
  );
}

/** Whether a program can be found in PATH. */
export async function isInstalled(program: string): Promise<boolean> {
  return (await attempt("sh", ["-c", `command -v "$1"`, "sh", program])).code === 0;
}

/** The last non-empty lines of a text, indented for quoting under a message. */
export function lastLines(text: string, count: number = QUOTED_LINES): string {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return lines
    .slice(-count)
    .map((line) => `    ${line}`)
    .join("\n");
}

async function feed(input: Readable | undefined, target: Writable | null): Promise<void> {
  if (input === undefined || target === null) return;
  try {
    await pipeline(input, target);
  } catch {
    // The program ended before it read everything; its exit code tells the story.
  }
}
