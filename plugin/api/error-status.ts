// The one place where errors become HTTP statuses and bodies of the API.
import { type ErrorCode, MeshError } from "../../mesh/errors.ts";

/** What the body of every answer with an error holds. */
export interface ErrorBody {
  readonly error: { readonly code: ErrorCode | ApiCode; readonly message: string };
}

/** Codes that only the API itself gives. */
export const API_CODES = ["NOT_FOUND", "METHOD_NOT_ALLOWED", "INTERNAL"] as const;
export type ApiCode = (typeof API_CODES)[number];

export interface ErrorAnswer {
  readonly status: number;
  readonly body: ErrorBody;
}

const STATUSES: Readonly<Record<ErrorCode | ApiCode, number>> = {
  // The caller's doing.
  LABEL_INVALID: 422,
  LABEL_UNKNOWN: 422,
  LABEL_CONFLICT: 422,
  IDENTITY_INVALID: 422,
  CERTIFICATE_INVALID: 422,
  DURATION_INVALID: 422,
  CONFIGURATION_INVALID: 422,
  SERVICE_UNKNOWN: 404,
  POLICY_INVALID: 422,
  POLICY_CONFLICT: 412,
  UNAUTHORIZED: 401,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  // The mesh's surroundings as they are set up.
  NETWORK_NOT_SHARED: 409,
  PORT_IN_USE: 409,
  CATALOG_REFUSED: 502,
  ENGINE_REFUSED: 502,
  ENGINE_TOO_OLD: 502,
  SIDECAR_PROBLEM: 502,
  // Try again.
  CATALOG_UNAVAILABLE: 503,
  ENGINE_UNAVAILABLE: 503,
  AGENT_UNAVAILABLE: 503,
  TIMEOUT: 504,
  // A defect.
  INTERNAL: 500,
};

/** The answer to a request that ended in this code. */
export function answerCode(code: ErrorCode | ApiCode, message: string): ErrorAnswer {
  return { status: STATUSES[code], body: { error: { code, message } } };
}

/** The answer to anything thrown. What is not a MeshError is a defect, and its message stays inside. */
export function answerError(error: unknown): ErrorAnswer {
  if (error instanceof MeshError) return answerCode(error.code, error.message);
  return answerCode("INTERNAL", "the agent failed to answer; its log says why");
}
