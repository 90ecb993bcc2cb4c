// The hosts file of the application's namespace, as mounted into the sidecar: through it, names lead to our listeners.
// When the sidecar is gone the entries stay, so that a call is refused and never goes past the mesh in plaintext.
import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
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
 * Written in place: it is a bind mount, which a rename would part from the file that the application reads. Without
 * waiting: it is small and local, and a start is not held up by the first use of a thread pool.
 */
export function updateHosts(path: string, entries: readonly HostsEntry[]): string | undefined {
  try {
    const file = openSync(path, "r+");
    try {
      // latin1 maps each byte to one character and back.
      const content = readFileSync(file, "latin1");
      const wanted = withHostsBlock(content, entries);
      if (wanted !== content) overwrite(file, Buffer.from(wanted, "latin1"));
    } finally {
      closeSync(file);
    }
    return undefined;
  } catch (error) {
    return `the hosts file cannot be written (${describeError(error)}): names of other services do not lead through the mesh`;
  }
}

/** Never empty in between: a reader may come at any time. */
function overwrite(file: number, bytes: Buffer): void {
  let written = 0;
  while (written < bytes.length) {
    written += writeSync(file, bytes, written, bytes.length - written, written);
  }
  ftruncateSync(file, bytes.length);
}
