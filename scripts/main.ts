// How every script ends: with a reason that a person can act on, and an exit code.
import { MeshError } from "../mesh/errors.ts";
import { SetupError } from "./command.ts";

/** Runs the script's work; a failure that was foreseen is told without its stack. Sets the exit code to 1 then. */
export async function main(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    console.error(`\n${explain(error)}`);
    process.exitCode = 1;
  }
}

/** What to tell a person about anything thrown. */
export function explain(error: unknown): string {
  if (error instanceof SetupError || error instanceof MeshError) return error.message;
  if (!(error instanceof Error)) return String(error);
  const usage = "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS");
  return usage ? error.message : (error.stack ?? error.message);
}
