// What an image is made from, as one hash: an image with the same hash need not be made again.
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** A short hash of texts in this order. */
export function contentHash(parts: readonly string[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part).update("\0");
  return hash.digest("hex").slice(0, 12);
}

/** The names and the contents of the files in a directory, for {@link contentHash}. Subdirectories are left out. */
export async function directoryContent(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isFile()).map(({ name }) => name);
  const parts: string[] = [];
  for (const name of names.toSorted()) {
    parts.push(name, await readFile(join(directory, name), "utf8"));
  }
  return parts;
}
