// The one place where errors become HTTP statuses and bodies of the API.
import { type ErrorCode, MeshError } from "../../mesh/errors.ts";
import type { FieldProblem } from "../../mesh/policy/document.ts";
import { PolicyInvalid } from "../policy/policy-desk.ts";

/** What the body of every answer with an error holds. */
export interface ErrorBody {
  readonly error: {
    readonly code: ErrorCode | ApiCode;
    readonly message: string;
    /** With POLICY_INVALID: everything that is wrong. */
    readonly fields?: readonly Pick<FieldProblem, "field" | "message">[];
  };
}

/** Codes that only the API itself and the console give. */
export const API_CODES = [
  "NOT_FOUND",
  "METHOD_NOT_ALLOWED",
  "PRECONDITION_REQUIRED",
  "BODY_MALFORMED",
  "BODY_TOO_LARGE",
  "BODY_UNSUPPORTED",
  "FORBIDDEN",
  "HOST_UNKNOWN",
  "TOO_MANY_REQUESTS",
  "INTERNAL",
] as const;
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
  FILTER_INVALID: 400,
  UNAUTHORIZED: 401,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  PRECONDITION_REQUIRED: 428,
  BODY_MALFORMED: 400,
  BODY_TOO_LARGE: 413,
  BODY_UNSUPPORTED: 415,
  FORBIDDEN: 403,
  HOST_UNKNOWN: 421,
  TOO_MANY_REQUESTS: 429,
  // The mesh's surroundings as they are set up.
  GATEWAY_PROBLEM: 409,
  HOST_CONFLICT: 409,
  NAME_SHARED: 409,
  NETWORK_NOT_SHARED: 409,
  PORT_IN_USE: 409,
  CATALOG_REFUSED: 502,
  COLLECTOR_REFUSED: 502,
  ENGINE_REFUSED: 502,
  ENGINE_TOO_OLD: 502,
  SIDECAR_PROBLEM: 502,
  VERSION_MISMATCH: 502,
  UPGRADE_FAILED: 502,
  // Try again.
  CATALOG_UNAVAILABLE: 503,
  COLLECTOR_UNAVAILABLE: 503,
  ENGINE_UNAVAILABLE: 503,
  AGENT_UNAVAILABLE: 503,
  NODE_LOST: 503,
  TAP_LIMIT: 503,
  TIMEOUT: 504,
  // A defect.
  INTERNAL: 500,
};

/** The answer to a request that ended in this code. */
export function answerCode(code: ErrorCode | ApiCode, message: string): ErrorAnswer {
  return { status: STATUSES[code], body: { error: { code, message } } };
}

/**
 * The answer to anything thrown. What is neither a MeshError nor said by the framework about a request that cannot be
 * read is a defect, and its message stays inside.
 */
export function answerError(error: unknown): ErrorAnswer {
  if (error instanceof PolicyInvalid) return answerInvalid(error);
  if (error instanceof MeshError) return answerCode(error.code, error.message);
  const { status, type } = error as { readonly status?: unknown; readonly type?: unknown };
  if (type === "entity.too.large")
    return answerCode("BODY_TOO_LARGE", "expected a body of at most 32 KiB");
  if (typeof type === "string" && status === 400) {
    return answerCode("BODY_MALFORMED", "expected a body as long as its head says");
  }
  if (status === 400) return answerCode("NOT_FOUND", "expected a path of the API in UTF-8");
  return answerCode("INTERNAL", "the agent failed to answer; its log says why");
}

function answerInvalid({ code, message, fields }: PolicyInvalid): ErrorAnswer {
  const { status, body } = answerCode(code, message);
  const shown = fields.map(({ field, message: what }) => ({ field, message: what }));
  return { status, body: { error: { ...body.error, fields: shown } } };
}
