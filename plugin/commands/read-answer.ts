// What the agent's API answered, as a value, or as the error that it means for whoever asked.
import { ERROR_CODES, type ErrorCode, MeshError } from "../../mesh/errors.ts";
import type { ErrorBody } from "../api/error-status.ts";
import { AGENT_VERSION } from "../version.ts";
import { type ApiAnswer, parseObject } from "./api-call.ts";
import { Refused } from "./refused.ts";

/** The body. Throws Refused for what the agent refused, AGENT_UNAVAILABLE for what is no answer of this version's. */
export function readBody<Body extends object>(
  answer: ApiAnswer,
  isBody: (found: Partial<Body>) => boolean = () => true,
): Body {
  if (answer.status < 200 || answer.status > 299) throw refusal(answer);
  const body = parseObject<Body>(answer.body);
  if (body === undefined || !isBody(body)) throw misunderstood();
  return body as Body;
}

function refusal({ status, body }: ApiAnswer): MeshError {
  const { error } = parseObject<ErrorBody>(body) ?? {};
  // A path that an agent of an earlier version does not have.
  if (error?.code === "NOT_FOUND") return misunderstood();
  if (typeof error?.message !== "string") {
    return new MeshError("AGENT_UNAVAILABLE", `the agent answered with status ${status}`);
  }
  const fields = Array.isArray(error.fields) ? error.fields : [];
  const reasons = fields.map(({ field, message }) => `  ${field}: ${message}`);
  return new Refused(codeOf(error.code), [error.message, ...reasons]);
}

/** The API has codes besides those of the mesh: they say that command and API do not fit. */
function codeOf(code: string): ErrorCode {
  return ERROR_CODES.find((known) => known === code) ?? "AGENT_UNAVAILABLE";
}

export function misunderstood(): MeshError {
  return new MeshError(
    "AGENT_UNAVAILABLE",
    `the agent's answer is none that this command (version ${AGENT_VERSION}) understands: install agent and command of one version`,
  );
}
