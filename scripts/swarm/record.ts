// What a swarm's directory tells of it, so that a later process can use it or take it away, and none takes away the one
// that a process is still testing with.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { SetupError } from "../command.ts";
import { writeWhole } from "../packages/fetch.ts";
import type { Site } from "./site.ts";

export interface SwarmRecord {
  readonly nodes: number;
  readonly managers: number;
  /** The process without which the swarm is a leftover; undefined for one that stays until it is taken down. */
  readonly owner: string | undefined;
}

const FILE = "swarm.json";

export async function writeRecord(site: Site, record: SwarmRecord): Promise<void> {
  await writeWhole(join(site.directory, FILE), JSON.stringify(record));
}

/** The record at that site; undefined when there is no swarm, or one that was removed half way. */
export async function readRecord(site: Site): Promise<SwarmRecord | undefined> {
  const text = await readFile(join(site.directory, FILE), "utf8").catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as SwarmRecord);
}

/** Throws SetupError when the swarm at that site belongs to another process that still runs. */
export async function refuseOwned(site: Site): Promise<void> {
  const owner = (await readRecord(site))?.owner;
  const [pid = ""] = owner?.split(" ") ?? [];
  if (owner === undefined || pid === String(process.pid)) return;
  if ((await identifyProcess(pid)) !== owner) return;
  throw new SetupError(
    `expected to be the only one here with a swarm for tests, but process ${pid} has one; wait for it to end`,
  );
}

/** A process by its number and its start, since numbers are given out again; undefined when there is none. */
export async function identifyProcess(pid: string | number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  if (stat === undefined) return undefined;
  // The name in parentheses may hold spaces; the start is the 20th field after it.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return `${pid} ${fields[19]}`;
}
