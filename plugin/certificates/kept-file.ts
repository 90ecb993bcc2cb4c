// Files that only their owner may read, written as a whole or not at all, also when the machine stops in between.
import { randomUUID } from "node:crypto";
import { link, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";

/** Written aside, flushed, then linked, which fails if another was first: false then. */
export async function writeOnce(path: string, text: string): Promise<boolean> {
  const aside = await writeAside(path, text);
  try {
    await link(aside, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    await rm(aside, { force: true });
  }
  await syncDirectory(dirname(path));
  return true;
}

/** In place of what is there. */
export async function replaceFile(path: string, text: string): Promise<void> {
  const aside = await writeAside(path, text);
  try {
    await rename(aside, path);
  } finally {
    await rm(aside, { force: true });
  }
  await syncDirectory(dirname(path));
}

/** Returns the name of a new file beside `path`, of which nothing is left when writing it fails. */
async function writeAside(path: string, text: string): Promise<string> {
  const aside = `${path}.${randomUUID()}`;
  try {
    await using file = await open(aside, "wx", 0o600);
    await file.writeFile(text);
    await file.sync();
    return aside;
  } catch (error) {
    await rm(aside, { force: true });
    throw error;
  }
}

async function syncDirectory(directory: string): Promise<void> {
  await using listing = await open(directory);
  await listing.sync();
}
