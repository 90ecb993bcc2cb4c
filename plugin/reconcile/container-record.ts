// What an agent did to containers, each at one start of it, where nothing about the container tells and the next agent must
// know: whose namespace has its redirection, who is held. Written down as empty files, named after container and start.
import { rmSync, writeFileSync } from "node:fs";
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";

export class ContainerRecord {
  readonly #directory: string;
  readonly #known: Map<string, string>;

  private constructor(directory: string, known: Map<string, string>) {
    this.#directory = directory;
    this.#known = known;
  }

  static async open(directory: string): Promise<ContainerRecord> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const known = new Map<string, string>();
    for (const file of await readdir(directory)) {
      const [containerId, startedAt] = file.split("@");
      if (containerId !== undefined && startedAt !== undefined) known.set(containerId, startedAt);
    }
    return new ContainerRecord(directory, known);
  }

  /** Container id → the start that is meant, in the words of whoever added it. */
  get known(): ReadonlyMap<string, string> {
    return this.#known;
  }

  /** Instead of an earlier start. Written when it returns, which takes less time than the ways to a thread and back. */
  add(containerId: string, startedAt: string): void {
    const before = this.#known.get(containerId);
    if (before !== undefined) rmSync(this.#file(containerId, before), { force: true });
    writeFileSync(this.#file(containerId, startedAt), "");
    this.#known.set(containerId, startedAt);
  }

  /** Forgets all containers but these. */
  async keepOnly(containerIds: ReadonlySet<string>): Promise<void> {
    for (const containerId of [...this.#known.keys()]) {
      if (!containerIds.has(containerId)) await this.forget(containerId);
    }
  }

  async forget(containerId: string): Promise<void> {
    const startedAt = this.#known.get(containerId);
    if (startedAt === undefined) return;
    this.#known.delete(containerId);
    await rm(this.#file(containerId, startedAt), { force: true });
  }

  #file(containerId: string, startedAt: string): string {
    return join(this.#directory, `${containerId}@${startedAt}`);
  }
}
