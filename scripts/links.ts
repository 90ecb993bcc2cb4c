// Symbolic links outside the clone (Docker CLI plugins), made so that they can be told apart and taken away again.
import { lstat, mkdir, readlink, rename, rm, symlink } from "node:fs/promises";
import { dirname } from "node:path";
import { SetupError } from "./command.ts";
import { readState, updateState } from "./state.ts";

/** Points `path` at `target`. Refuses to replace what somebody else put there. */
export async function makeLink(state: string, path: string, target: string): Promise<void> {
  const present = await linkTarget(path);
  if (present === target) return;
  const { links } = await readState(state);
  const ours = links.some((link) => link.path === path && link.target === present);
  if (present !== undefined && !ours) {
    throw new SetupError(
      `expected ${path} to be absent or made by this project, found something else there; move it away and try again`,
    );
  }
  await updateState(state, (current) => ({
    ...current,
    links: [...current.links.filter((link) => link.path !== path), { path, target }],
  }));
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}`;
  await symlink(target, temporary);
  await rename(temporary, path);
}

/** Removes the recorded links that are still as they were made; returns their paths. */
export async function removeLinks(state: string): Promise<readonly string[]> {
  const { links } = await readState(state);
  const removed: string[] = [];
  for (const { path, target } of links) {
    if ((await linkTarget(path)) !== target) continue;
    await rm(path);
    removed.push(path);
  }
  if (links.length > 0) await updateState(state, (current) => ({ ...current, links: [] }));
  return removed;
}

/** Where a link points; an empty text for anything that is no link; undefined for nothing at all. */
async function linkTarget(path: string): Promise<string | undefined> {
  const status = await lstat(path).catch(() => undefined);
  if (status === undefined) return undefined;
  return status.isSymbolicLink() ? await readlink(path) : "";
}
