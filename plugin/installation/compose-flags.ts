// Compose does not tell its providers which engine its own flags name: `docker -H … compose up` would install the mesh on another one.
// So its command line is looked at, where the system shows it.
import { readFile } from "node:fs/promises";
import { parseFlags } from "../commands/flags.ts";
import { GLOBAL_FLAGS, readEngineFlags } from "../commands/global-flags.ts";
import type { EngineFlags } from "../docker/engine-address.ts";

/** The flags of the process that has started this one; undefined where it is no Compose, and where it cannot be known. */
export async function flagsOfCaller(): Promise<EngineFlags | undefined> {
  const text = await readFile(`/proc/${process.ppid}/cmdline`, "utf8").catch(() => "");
  return flagsOfCompose(text.split("\0"));
}

/** `docker-compose [Docker's global flags] compose …`, as Docker starts its plugin. */
export function flagsOfCompose([program = "", ...args]: readonly string[]):
  | EngineFlags
  | undefined {
  if (!/(?:^|\/)docker-compose$/.test(program)) return undefined;
  try {
    const flags = parseFlags(args, GLOBAL_FLAGS);
    return flags.rest[0] === "compose" ? readEngineFlags(flags) : undefined;
  } catch {
    // Flags of its own, where somebody has started it without Docker.
    return undefined;
  }
}
