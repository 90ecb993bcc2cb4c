// The sidecar's side of a stream that tells changes: the whole that each line makes with those before it.
import { MeshError } from "../../mesh/errors.ts";

/** As it came, unchecked; `parse-snapshot.ts` reads it like any other. */
interface RawWhole {
  readonly version?: unknown;
  readonly outbound?: unknown;
}

interface RawChange {
  readonly base: unknown;
  readonly version: unknown;
  readonly fields: object;
  readonly changed: readonly RawService[];
  readonly services?: readonly unknown[];
}

interface RawService {
  readonly service?: unknown;
}

/** Puts lines together. What it holds is what the agent has sent, whether or not that was accepted. */
export class SnapshotAssembly {
  #whole: RawWhole | undefined;

  /** The whole snapshot after this line, as JSON gives it. Throws CONFIGURATION_INVALID for a line that nothing can be made of. */
  take(line: string): unknown {
    const value = parse(line);
    if (!isChange(value)) {
      this.#whole = value as RawWhole;
      return value;
    }
    const { base, version, fields } = value;
    if (this.#whole === undefined || this.#whole.version !== base)
      throw new MeshError(
        "CONFIGURATION_INVALID",
        `snapshot: expected a change of version ${String(this.#whole?.version)}, found one of ${String(base)}`,
      );
    this.#whole = {
      ...this.#whole,
      ...fields,
      version,
      outbound: mergeServices(this.#whole, value),
    };
    return this.#whole;
  }
}

/** In the order that the change names; without one, that of before. */
function mergeServices(before: RawWhole, { changed, services }: RawChange): readonly unknown[] {
  const known = new Map(
    (before.outbound as readonly RawService[]).map((each) => [each.service, each]),
  );
  for (const service of changed) known.set(service.service, service);
  return (services ?? [...known.keys()]).map((name) => known.get(name));
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new MeshError("CONFIGURATION_INVALID", "snapshot: expected JSON", { cause });
  }
}

function isChange(value: unknown): value is RawChange {
  return (
    typeof value === "object" &&
    value !== null &&
    "base" in value &&
    Array.isArray((value as RawChange).changed)
  );
}
