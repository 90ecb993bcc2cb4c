// Unix sockets that only their owner may use.
import { lstat, mkdir, rm } from "node:fs/promises";
import type { Server } from "node:http";
import { dirname } from "node:path";
import { MeshError } from "../../mesh/errors.ts";
import { untilListening } from "./listening.ts";

/**
 * Listens at the path; the socket of a predecessor that was killed is replaced. Throws CONFIGURATION_INVALID where none can
 * be made, saying what it was to be.
 */
export async function listenAtSocket(server: Server, path: string, what: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await removeSocket(path);
    await listenAsOwner(server, path);
  } catch (cause) {
    throw new MeshError("CONFIGURATION_INVALID", `expected to make ${what}`, { cause });
  }
}

/** Throws for anything else, such as a file whose path was set by mistake. */
async function removeSocket(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found !== undefined && !found.isSocket()) {
    throw new Error("expected a socket or nothing there, found something else");
  }
  await rm(path, { force: true });
}

/**
 * Only the owner may connect, from the first moment on: the socket is made with its mode, which is not changed afterwards.
 * It is made within the call, so that no other file is touched by the umask.
 */
async function listenAsOwner(server: Server, path: string): Promise<void> {
  const listening = untilListening(server);
  const usual = process.umask(0o177);
  try {
    server.listen(path);
  } finally {
    process.umask(usual);
  }
  await listening;
}
