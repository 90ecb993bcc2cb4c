// Which namespaces have their redirection: written down as empty files beside the agent's socket, since nothing about a
// container tells it and the next agent must know. Losing a file only means installing the same rules once more.
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

export class InterceptionRecord {
  readonly #directory: string;
  readonly #known: Map<string, string>;

  private constructor(directory: string, known: Map<string, string>) {
    this.#directory = directory;
    this.#known = known;
  }

  static async open(directory: string): Promise<InterceptionRecord> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const known = new Map<string, string>();
    for (const file of await readdir(directory)) {
      const [containerId, startedAt] = file.split("@");
      if (containerId !== undefined && startedAt !== undefined) known.set(containerId, startedAt);
    }
    return new InterceptionRecord(directory, known);
  }

  /** Container id → start of the container whose namespace was done. */
  get known(): ReadonlyMap<string, string> {
    return this.#known;
  }

  async add(containerId: string, startedAt: string): Promise<void> {
    await this.forget(containerId);
    await writeFile(this.#file(containerId, startedAt), "");
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
