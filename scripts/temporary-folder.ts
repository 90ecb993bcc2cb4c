// Folders that live as long as one piece of work, and do not outlive a process that was killed by more than one run.
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { join } from "node:path";

const TEMPORARY = ".work-";

/** Calls `use` with an empty folder in that directory and removes it afterwards, whatever happened. */
export async function withTemporaryFolder<T>(
  directory: string,
  use: (folder: string) => Promise<T>,
): Promise<T> {
  await mkdir(directory, { recursive: true });
  await sweep(directory);
  const folder = await mkdtemp(join(directory, `${TEMPORARY}${process.pid}-`));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Removes the temporary folders of processes that were killed. */
async function sweep(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (!name.startsWith(TEMPORARY)) continue;
    const pid = name.slice(TEMPORARY.length).split("-")[0] ?? "";
    if (!existsSync(join("/proc", pid))) {
      await rm(join(directory, name), { recursive: true, force: true });
    }
  }
}
