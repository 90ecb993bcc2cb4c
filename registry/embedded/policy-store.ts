// Policies in the agent's memory and, since a restart must lose none, in one file: written aside, flushed, then renamed, so
// that it is always whole. A file that was damaged all the same is kept under another name for whoever can make sense of it.
import { link, mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { type Clock, systemClock } from "../../mesh/clock.ts";
import { describeError, MeshError } from "../../mesh/errors.ts";
import { isNewerFormat } from "../../mesh/format.ts";
import { Latest } from "../../mesh/latest.ts";
import {
  MAX_HISTORY,
  type PoliciesView,
  type PolicyStore,
  policyConflict,
  type StoredPolicy,
} from "../policy-store.ts";
import { formatPolicy, toStoredPolicy } from "../stored-policy.ts";
import { Turns } from "../turns.ts";

export interface EmbeddedPolicyStoreOptions {
  /** Made at the first write, with its directory. */
  readonly file: string;
  readonly clock?: Clock;
}

/** Of each service every version that is kept, newest first and never none. */
type Versions = ReadonlyMap<string, readonly [StoredPolicy, ...StoredPolicy[]]>;

/** Keeps the promises of policy-store.ts with a file that no other process writes. */
export class EmbeddedPolicyStore implements PolicyStore {
  readonly #file: string;
  readonly #clock: Clock;
  readonly #problems: readonly string[];
  /** Why the file must not be written: a later version has written of it what only that one can read. */
  readonly #newer: MeshError | undefined;
  readonly #changes: Latest<PoliciesView> = new Latest();
  readonly #turns = new Turns();
  #versions: Versions = new Map();

  private constructor(file: string, clock: Clock, { versions, problems, newer }: Content) {
    this.#file = file;
    this.#newer = newer;
    this.#clock = clock;
    this.#problems = problems;
    this.#show(versions);
  }

  /** Throws CONFIGURATION_INVALID for a file that cannot be read at all; one that is damaged shows in the views' problems. */
  static async open(options: EmbeddedPolicyStoreOptions): Promise<EmbeddedPolicyStore> {
    const { file, clock = systemClock } = options;
    const content = await readContent(file);
    if (content.problems.length === 0 || content.newer !== undefined)
      return new EmbeddedPolicyStore(file, clock, content);
    const aside = `${file}.damaged-${clock.wall()}`;
    await link(file, aside);
    await writeWhole(file, content.versions);
    const problems = content.problems.map((problem) => `${problem}; what was there is in ${aside}`);
    return new EmbeddedPolicyStore(file, clock, { ...content, problems });
  }

  async read(service: string, signal: AbortSignal): Promise<StoredPolicy | undefined> {
    signal.throwIfAborted();
    return this.#versions.get(service)?.[0];
  }

  write(
    service: string,
    expected: number,
    { document, note }: Pick<StoredPolicy, "document" | "note">,
    signal: AbortSignal,
  ): Promise<StoredPolicy> {
    return this.#turns.run("file", signal, async () => {
      if (this.#newer !== undefined) throw this.#newer;
      const history = this.#versions.get(service) ?? [];
      const found = history[0]?.version ?? 0;
      if (found !== expected) throw policyConflict(service, expected, found);
      const writtenAt = this.#clock.wall();
      const policy = { service, version: found + 1, document: { ...document }, writtenAt, note };
      const versions = new Map(this.#versions);
      versions.set(service, [policy, ...history.slice(0, MAX_HISTORY - 1)]);
      await writeWhole(this.#file, versions);
      this.#show(versions);
      return policy;
    });
  }

  async history(service: string, signal: AbortSignal): Promise<readonly StoredPolicy[]> {
    signal.throwIfAborted();
    return this.#versions.get(service) ?? [];
  }

  views(signal: AbortSignal): AsyncGenerator<PoliciesView, void, undefined> {
    return this.#changes.values(signal);
  }

  #show(versions: Versions): void {
    this.#versions = versions;
    const newest = [...versions].map(([service, [policy]]) => [service, policy] as const);
    const sorted = newest.toSorted(([a], [b]) => (a < b ? -1 : 1));
    this.#changes.set({ policies: new Map(sorted), problems: this.#problems });
  }
}

interface Content {
  readonly versions: Versions;
  readonly problems: readonly string[];
  readonly newer?: MeshError | undefined;
}

async function readContent(file: string): Promise<Content> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT")
      return { versions: new Map(), problems: [] };
    throw new MeshError("CONFIGURATION_INVALID", `expected policies in ${file}, cannot read it`, {
      cause: error,
    });
  }
  const problems: string[] = [];
  let newer: MeshError | undefined;
  const policies: StoredPolicy[] = [];
  for (const entry of entriesOf(text)) {
    try {
      policies.push(parseEntry(entry));
    } catch (error) {
      if (isNewerFormat(error)) newer ??= cannotBeChanged(file, error);
      else problems.push(`policies in ${file} were damaged: ${describeError(error)}`);
    }
  }
  if (newer !== undefined) problems.push(newer.message);
  return { versions: byService(policies), problems, newer };
}

function cannotBeChanged(file: string, cause: MeshError): MeshError {
  const message = `policies in ${file} cannot be changed from here: ${cause.message}`;
  return new MeshError("VERSION_MISMATCH", message);
}

// Text that is no list counts as one entry, which cannot be read.
function entriesOf(text: string): readonly unknown[] {
  try {
    const parsed: unknown = JSON.parse(text);
    return Array.isArray(parsed) ? parsed : [undefined];
  } catch {
    return [undefined];
  }
}

function parseEntry(entry: unknown): StoredPolicy {
  const { service } = (entry ?? {}) as { readonly service?: unknown };
  if (typeof service !== "string") throw new Error("expected policies with the name of a service");
  return toStoredPolicy(service, entry);
}

function byService(policies: readonly StoredPolicy[]): Versions {
  const versions = new Map<string, readonly [StoredPolicy, ...StoredPolicy[]]>();
  for (const policy of policies.toSorted((a, b) => a.version - b.version))
    versions.set(policy.service, [policy, ...(versions.get(policy.service) ?? [])]);
  return versions;
}

/** Rejects with CATALOG_UNAVAILABLE, and leaves the file as it was, when it cannot be written. */
async function writeWhole(file: string, versions: Versions): Promise<void> {
  // Always the same: what a crash leaves there is written over.
  const aside = `${file}.new`;
  const policies = [...versions.values()].flat();
  const entries = policies.map((each) => ({ service: each.service, ...formatPolicy(each) }));
  const directory = dirname(file);
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    {
      await using handle = await open(aside, "w", 0o600);
      await handle.writeFile(`${JSON.stringify(entries, undefined, 2)}\n`);
      await handle.sync();
    }
    await rename(aside, file);
    await using listing = await open(directory);
    await listing.sync();
  } catch (error) {
    throw new MeshError("CATALOG_UNAVAILABLE", `cannot write policies to ${file}`, {
      cause: error,
    });
  } finally {
    await rm(aside, { force: true });
  }
}
