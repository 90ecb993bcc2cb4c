// The one interface to where policies are kept that were set while the mesh runs, with its promises; and to the intentions
// that Consul's users edit. `consul/` and `embedded/` keep the promises; test/registry/policy-store-conformance.ts is a suite.
import { MeshError } from "../mesh/errors.ts";
import type { PolicyDocument } from "../mesh/policy/document.ts";

/** A document as it was written. */
export interface StoredPolicy {
  /** A catalog name, or `*` for all services. */
  readonly service: string;
  /** From 1 on, one more with each write; versions never go back, not even after an empty document. */
  readonly version: number;
  /** Empty: whoever wrote it took the policy away. */
  readonly document: PolicyDocument;
  /** Wall clock, ms. */
  readonly writtenAt: number;
  /** What was done, for people: "set balance.algorithm", "rollback to 3". */
  readonly note: string;
}

/** All documents at one moment, by service. Immutable. */
export interface PoliciesView {
  readonly policies: ReadonlyMap<string, StoredPolicy>;
  /** What is kept but cannot be read, each a sentence for people; the last good one stays in `policies`. */
  readonly problems: readonly string[];
}

/** How many versions of a service's document are kept. */
export const MAX_HISTORY = 20;

/**
 * Promises:
 * 1. `write` succeeds only when `expected` is the version in force (0: none yet), else it rejects with POLICY_CONFLICT and
 *    has changed nothing; of several writers at once one succeeds. It is in force, and in the history, or neither.
 * 2. After `write` resolves, `read` and later views have that version or a newer one.
 * 3. `views` gives the current view first and then a newer one after each change, newest only; an outage yields nothing.
 * 4. `history` has the newest first, the one in force included, at most {@link MAX_HISTORY}.
 * 5. Failures are MeshErrors (CATALOG_UNAVAILABLE, CATALOG_REFUSED, POLICY_CONFLICT); an abort rejects promptly, `views` ends.
 */
export interface PolicyStore {
  read(service: string, signal: AbortSignal): Promise<StoredPolicy | undefined>;
  write(
    service: string,
    expected: number,
    change: Pick<StoredPolicy, "document" | "note">,
    signal: AbortSignal,
  ): Promise<StoredPolicy>;
  history(service: string, signal: AbortSignal): Promise<readonly StoredPolicy[]>;
  views(signal: AbortSignal): AsyncIterable<PoliciesView>;
}

/** Promise 1's error; `found` is the version in force, undefined when somebody else's write has come first just now. */
export function policyConflict(
  service: string,
  expected: number,
  found: number | undefined,
): MeshError {
  const inForce = (version: number): string => (version === 0 ? "none" : `version ${version}`);
  return new MeshError(
    "POLICY_CONFLICT",
    `expected ${inForce(expected)} of the policy of ${service} in force, ` +
      `found ${found === undefined ? "that somebody else has just written one" : inForce(found)}`,
  );
}
