// What an agent did to containers, each at one start of it, where nothing about the container tells and the next agent must
// know: whose namespace has its redirection, who is held. Written down as empty files, named after container and start.
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { mkdir, readdir } from "node:fs/promises";
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
      const [containerId, startedAt, more] = file.split("@");
      // A name of another form is a later version's, and stays.
      if (containerId === undefined || startedAt === undefined || more !== undefined) continue;
      known.set(containerId, startedAt);
    }
    return new ContainerRecord(directory, known);
  }

  /** Container id → the start that is meant, in the words of whoever added it. */
  get known(): ReadonlyMap<string, string> {
    return this.#known;
  }

  /**
   * Instead of an earlier start, which stays when this throws, and is there until this one is: an agent may die at any moment.
   * Written when it returns, which takes less time than the ways to a thread and back.
   */
  add(containerId: string, startedAt: string): void {
    const before = this.#known.get(containerId);
    const file = this.#file(containerId, startedAt);
    if (before === undefined || !wasRenamed(this.#file(containerId, before), file))
      writeFileSync(file, "");
    this.#known.set(containerId, startedAt);
  }

  /** Forgets all containers but these. */
  async keepOnly(containerIds: ReadonlySet<string>): Promise<void> {
    for (const containerId of [...this.#known.keys()]) {
      if (!containerIds.has(containerId)) await this.forget(containerId);
    }
  }

  /** Done when it returns: a removal that is still under way would take what is added meanwhile. */
  async forget(containerId: string): Promise<void> {
    const startedAt = this.#known.get(containerId);
    if (startedAt === undefined) return;
    this.#known.delete(containerId);
    rmSync(this.#file(containerId, startedAt), { force: true });
  }

  #file(containerId: string, startedAt: string): string {
    return join(this.#directory, `${containerId}@${startedAt}`);
  }
}

/** Whether there was such a file. */
function wasRenamed(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return false;
    throw error;
  }
}
