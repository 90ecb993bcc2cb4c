// The docker command line as tests use it: what a user would type, with its output.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Runs `docker …` and gives what it printed; throws with its error output when it fails. */
export async function docker(...args: string[]): Promise<string> {
  const { stdout } = await run("docker", args, { maxBuffer: 64 * 1024 * 1024, timeout: 120_000 });
  return stdout.trim();
}

/** What `docker mesh` starts. */
const PLUGIN = fileURLToPath(new URL("../../plugin/cli.ts", import.meta.url));

/** Runs `docker mesh …` and gives what it printed; throws with its error output when it fails. */
export async function meshCommand(...args: string[]): Promise<string> {
  const { stdout } = await run(process.execPath, [PLUGIN, "mesh", ...args], { timeout: 60_000 });
  return stdout.trim();
}

/** Runs `docker compose …` with extra environment variables. */
export async function compose(
  environment: Readonly<Record<string, string>>,
  ...args: string[]
): Promise<string> {
  const env = { ...process.env, ...environment };
  const options = { env, maxBuffer: 64 * 1024 * 1024, timeout: 180_000 };
  const { stdout } = await run("docker", ["compose", "--ansi", "never", ...args], options);
  return stdout.trim();
}

/** A variable that the set-up of `npm test` provides; a test never goes without. */
export function provided(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === "") {
    throw new Error(
      `${name} is not set: run the tests with "npm test", which builds what they need`,
    );
  }
  return value;
}
