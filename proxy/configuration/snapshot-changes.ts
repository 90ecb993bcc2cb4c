// The sidecar's side of a stream that tells changes: the whole that each line makes with those before it.
import { MeshError } from "../../mesh/errors.ts";

/** As it came, checked as far as is needed to put it together; `parse-snapshot.ts` reads it like any other. */
interface RawWhole {
  readonly version?: unknown;
  readonly outbound: readonly RawService[];
}

interface RawChange {
  readonly base: unknown;
  readonly version: unknown;
  readonly fields: object;
  readonly changed: readonly RawService[];
  readonly services?: readonly unknown[];
}

type RawService = { readonly service?: unknown } | null;

/** Puts lines together. What it holds is what the agent has sent, whether or not that was accepted. */
export class SnapshotAssembly {
  #whole: RawWhole | undefined;

  /**
   * The whole snapshot after this line, as JSON gives it. Throws CONFIGURATION_INVALID for a line that nothing can be made of;
   * only a whole snapshot helps then.
   */
  take(line: string): unknown {
    const value = parse(line);
    if (!isChange(value)) {
      this.#whole = isWhole(value) ? value : undefined;
      return value;
    }
    const before = this.#whole;
    this.#whole = undefined;
    const { base, version, fields } = value;
    if (before === undefined || before.version !== base)
      throw invalid(`a change of version ${String(before?.version)}, found one of ${String(base)}`);
    this.#whole = { ...before, ...fields, version, outbound: mergeServices(before, value) };
    return this.#whole;
  }
}

/** In the order that the change names; without one, that of before. */
function mergeServices(
  { outbound }: RawWhole,
  { changed, services }: RawChange,
): readonly RawService[] {
  const known = new Map([...outbound, ...changed].map((each) => [each?.service, each]));
  return (services ?? [...known.keys()]).map((name) => {
    const service = known.get(name);
    if (service === undefined) throw invalid(`service ${String(name)} itself, found its name`);
    return service;
  });
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new MeshError("CONFIGURATION_INVALID", "snapshot: expected JSON", { cause });
  }
}

function invalid(expected: string): MeshError {
  return new MeshError("CONFIGURATION_INVALID", `snapshot: expected ${expected}`);
}

function isWhole(value: unknown): value is RawWhole {
  return Array.isArray((value as Partial<RawWhole> | null)?.outbound);
}

function isChange(value: unknown): value is RawChange {
  return (
    typeof value === "object" &&
    value !== null &&
    "base" in value &&
    Array.isArray((value as RawChange).changed)
  );
}
