// From a document to the policy that is followed. Agent and sidecar read with this one function.
import type { FieldProblem, PolicyDocument } from "./document.ts";
import { DocumentReader, MAX_VALUE } from "./document-reader.ts";
import { BALANCE_FIELDS } from "./fields/balance.ts";
import { LIMIT_FIELDS, RETRY_FIELDS, TIMEOUT_FIELDS } from "./fields/calls.ts";
import { GATEWAY_FIELDS } from "./fields/gateway.ts";
import { CHECK_FIELDS, OUTLIER_FIELDS, RECOVERY_FIELDS } from "./fields/health.ts";
import { LOG_FIELDS, TRACE_FIELDS } from "./fields/telemetry.ts";
import { FAILOVER_FIELD, SPLIT_FIELD } from "./fields/traffic.ts";
import { describeUnknown, entryOf, findField } from "./fields.ts";
import type { OutlierPolicy, Policy, RetryPolicy } from "./policy.ts";
import { readAccess, readJwt } from "./read-access.ts";
import { readRoutes } from "./read-routes.ts";

/** Routes of one service, and its rules. */
export const MAX_ENTRIES = 64;
/** Of a whole document: names and values, characters. */
export const MAX_DOCUMENT = 16_384;
/** The field named by problems that are about no single one. */
export const WHOLE_DOCUMENT = "*";

/** To look for the name that was meant takes about 1 ms: nobody makes so many slips, and whoever sends thousands may not stall the agent. */
const MOST_SUGGESTIONS = 32;
const UNKNOWN = "expected a field of policies: see docs/labels.md";

/**
 * Never throws. A field that is absent has its default, and so has one that cannot be read; what cannot be read about
 * access refuses more rather than less. `strict` also reports names that are no fields, and documents that are too large;
 * `lenient` is for who may be older than the writer.
 */
export function readPolicy(
  document: PolicyDocument,
  mode: "strict" | "lenient",
): { readonly policy: Policy; readonly problems: readonly FieldProblem[] } {
  // With services by their catalog names a value may have become longer than people may write it.
  const reader = new DocumentReader(document, mode === "strict" ? MAX_VALUE : MAX_DOCUMENT);
  markUnknown(reader, document, mode);
  const policy: Policy = {
    balance: reader.readAll(BALANCE_FIELDS),
    timeouts: reader.readAll(TIMEOUT_FIELDS),
    retries: raiseBackoff(reader.readAll(RETRY_FIELDS)),
    limits: reader.readAll(LIMIT_FIELDS),
    outlier: raiseEjectionTime(reader.readAll(OUTLIER_FIELDS)),
    recovery: reader.readAll(RECOVERY_FIELDS),
    check: reader.readAll(CHECK_FIELDS),
    logs: reader.readAll(LOG_FIELDS),
    traces: reader.readAll(TRACE_FIELDS),
    split: reader.read(SPLIT_FIELD),
    failover: reader.read(FAILOVER_FIELD),
    routes: readRoutes(reader),
    access: readAccess(reader),
    jwt: readJwt(reader),
    gateway: reader.readAll(GATEWAY_FIELDS),
  };
  if (mode === "strict") complainOfSize(reader, document);
  return { policy, problems: reader.problems };
}

/** What holds where nobody says anything. */
export const DEFAULT_POLICY: Policy = readPolicy({}, "strict").policy;

/** Conditions of a rule or of tokens that are not known here must not be taken for none. */
function markUnknown(
  reader: DocumentReader,
  document: PolicyDocument,
  mode: "strict" | "lenient",
): void {
  let suggestions = MOST_SUGGESTIONS;
  for (const name of Object.keys(document)) {
    if (findField(name) !== undefined) continue;
    if (mode === "strict") {
      suggestions -= 1;
      reader.complain(name, suggestions < 0 ? UNKNOWN : describeUnknown(name));
    }
    const within = /^(?:rule|jwt)\./.exec(name)?.[0];
    if (within === undefined) continue;
    const entry = entryOf(name)?.entry;
    reader.markUnread(entry === undefined ? within : `${within}${entry}.`);
  }
}

/** As Envoy has it: a maximum below the base is the base. */
function raiseBackoff(retries: RetryPolicy): RetryPolicy {
  return { ...retries, maxBackoff: Math.max(retries.backoff, retries.maxBackoff) };
}

function raiseEjectionTime(outlier: OutlierPolicy): OutlierPolicy {
  const maxEjectionTime = Math.max(outlier.baseEjectionTime, outlier.maxEjectionTime);
  return { ...outlier, maxEjectionTime };
}

function complainOfSize(reader: DocumentReader, document: PolicyDocument): void {
  for (const group of ["route", "rule"] as const) {
    const { length } = reader.entries(group);
    if (length > MAX_ENTRIES) {
      reader.complain(`${group}.*`, `expected at most ${MAX_ENTRIES} of them, got ${length}`);
    }
  }
  let size = 0;
  for (const [name, text] of Object.entries(document)) {
    // A resolved document holds every default, which nobody wrote.
    if (findField(name)?.fallback !== text) size += name.length + text.length;
  }
  if (size > MAX_DOCUMENT) {
    const message = `expected at most ${MAX_DOCUMENT} characters of names and values together, got ${size}`;
    reader.complain(WHOLE_DOCUMENT, message);
  }
}
