// Typed errors with stable codes. A code is public (documented, matched on); a message is for people.
// Mapping an error to an HTTP status is the edge's business and does not belong here.

/** Stable, public error codes of the control plane; the data plane's own stand in `proxy/failures.ts`. */
export const ERROR_CODES = [
  "LABEL_INVALID",
  "LABEL_UNKNOWN",
  "LABEL_CONFLICT",
  "IDENTITY_INVALID",
  "CERTIFICATE_INVALID",
  "DURATION_INVALID",
  "CATALOG_UNAVAILABLE",
  "CATALOG_REFUSED",
  "COLLECTOR_UNAVAILABLE",
  "COLLECTOR_REFUSED",
  "ENGINE_UNAVAILABLE",
  "ENGINE_TOO_OLD",
  "ENGINE_REFUSED",
  "AGENT_UNAVAILABLE",
  "CONFIGURATION_INVALID",
  "GATEWAY_PROBLEM",
  "HOST_CONFLICT",
  "NAME_SHARED",
  "NETWORK_NOT_SHARED",
  "NODE_LOST",
  "SERVICE_UNKNOWN",
  "PORT_IN_USE",
  "SIDECAR_PROBLEM",
  "POLICY_INVALID",
  "POLICY_CONFLICT",
  "FILTER_INVALID",
  "TAP_LIMIT",
  "UNAUTHORIZED",
  "TIMEOUT",
  "VERSION_MISMATCH",
  "UPGRADE_FAILED",
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/** An error with a stable code; the message says what was expected and what was found instead. */
export class MeshError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "MeshError";
    this.code = code;
  }
}

/** The text of anything thrown, with its causes, outermost first. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const text = error.message === "" ? error.name : error.message;
  return error.cause === undefined ? text : `${text}: ${describeError(error.cause)}`;
}
