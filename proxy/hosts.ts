// The hosts file of the application's namespace, as mounted into the sidecar: through it, names lead to our listeners.
// When the sidecar is gone the entries stay, so that a call is refused and never goes past the mesh in plaintext.
import { type FileHandle, open } from "node:fs/promises";
import { describeError } from "../mesh/errors.ts";
import type { Snapshot } from "./configuration/snapshot.ts";
import { type HostsEntry, withHostsBlock } from "./hosts-block.ts";

/** What the file should say under a snapshot. */
export function hostsEntries({ outbound }: Snapshot): HostsEntry[] {
  return outbound
    .filter(({ names }) => names.length > 0)
    .map(({ address, names }) => ({ address, names }));
}

/**
 * Makes the file say so, if it does not already; returns the problem, if any, as a sentence for people.
 * Written in place: it is a bind mount, which a rename would part from the file that the application reads.
 */
export async function updateHosts(
  path: string,
  entries: readonly HostsEntry[],
): Promise<string | undefined> {
  try {
    await using file = await open(path, "r+");
    // latin1 maps each byte to one character and back.
    const content = (await file.readFile()).toString("latin1");
    const wanted = withHostsBlock(content, entries);
    if (wanted !== content) await overwrite(file, Buffer.from(wanted, "latin1"));
    return undefined;
  } catch (error) {
    return `the hosts file cannot be written (${describeError(error)}): names of other services do not lead through the mesh`;
  }
}

/** Never empty in between: a reader may come at any time. */
async function overwrite(file: FileHandle, bytes: Buffer): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    const { bytesWritten } = await file.write(bytes, written, bytes.length - written, written);
    written += bytesWritten;
  }
  await file.truncate(bytes.length);
}
