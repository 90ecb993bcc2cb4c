// Whether the agent can keep what the next one needs.
import { rm, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describeError } from "../../mesh/errors.ts";
import type { StorageFacts } from "./agent-checks.ts";

/** Writes a file there and takes it away again. */
export async function lookAtStorage(directory: string): Promise<StorageFacts> {
  const file = join(directory, ".check");
  try {
    await writeFile(file, "written to see whether that works\n", { mode: 0o600 });
    await rm(file);
    const { bavail, bsize } = await statfs(directory);
    return { directory, problem: undefined, freeBytes: bavail * bsize };
  } catch (error) {
    return { directory, problem: describeError(error), freeBytes: 0 };
  }
}
