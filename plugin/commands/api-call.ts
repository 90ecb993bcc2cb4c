// What goes between `docker mesh` and the agent's API: the command says it, the verb `request` inside the agent's container
// carries it to the API's socket, and the answer comes back whole. Command and agent may be of different versions.
import { MeshError } from "../../mesh/errors.ts";

/** One request to the API. */
export interface ApiCall {
  readonly method: "GET" | "PUT" | "POST" | "DELETE";
  readonly path: string;
  /** The version that a write replaces; 0 for none yet. */
  readonly expected?: number;
  /** JSON. */
  readonly body?: string;
}

export interface ApiAnswer {
  readonly status: number;
  readonly etag: string | undefined;
  readonly body: string;
}

/** The variable in which a call reaches the verb `request`: arguments would stand in the engine's event stream. */
export const CALL_VARIABLE = "MESH_REQUEST";

/** The call that the verb finds in {@link CALL_VARIABLE}. Throws CONFIGURATION_INVALID for anything else. */
export function readCall(text: string | undefined): ApiCall {
  const call = parseObject<ApiCall>(text ?? "");
  const { method = "", path } = call ?? {};
  if (["GET", "PUT", "POST", "DELETE"].includes(method) && path?.startsWith("/") === true) {
    return call as ApiCall;
  }
  throw new MeshError(
    "CONFIGURATION_INVALID",
    `${CALL_VARIABLE}: expected a request to the API, got ${JSON.stringify(text)}`,
  );
}

/** Throws AGENT_UNAVAILABLE for a text that is no answer: it comes from an agent of another version. */
export function readAnswer(text: string): ApiAnswer {
  const answer = parseObject<ApiAnswer>(text);
  if (typeof answer?.status === "number" && typeof answer.body === "string") {
    return answer as ApiAnswer;
  }
  throw new MeshError(
    "AGENT_UNAVAILABLE",
    "the agent's answer is none that this command understands: install agent and command of one version",
  );
}

/** Undefined for a text that is no JSON object. */
export function parseObject<T extends object>(text: string): Partial<T> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? (value as Partial<T>) : undefined;
  } catch {
    return undefined;
  }
}
