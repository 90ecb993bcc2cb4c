// The format of what is kept: in files, and in the catalog. Whoever writes says its number; what was written before formats had
// numbers has the first. A new format is read one version before the first one writes it, so that going back stays possible
// (docs/decisions/022-upgrade.md).
import { MeshError } from "./errors.ts";

/** Of all that is kept so far. */
export const FORMAT = 1;

/**
 * Throws VERSION_MISMATCH for what only a later version can read. Whoever catches it leaves what is kept as it is: to write
 * over it would lose what that version knows.
 */
export function refuseNewerFormat(value: unknown, known: number = FORMAT): void {
  const { format } = (value ?? {}) as { readonly format?: unknown };
  if (typeof format !== "number" || format <= known) return;
  throw new MeshError(
    "VERSION_MISMATCH",
    `a newer version of docker-mesh has written it: format ${format}, expected ${known} at most; it is left as it is`,
  );
}

export function isNewerFormat(error: unknown): error is MeshError {
  return error instanceof MeshError && error.code === "VERSION_MISMATCH";
}
