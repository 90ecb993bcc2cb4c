// The agent's answer as a value. Command and agent may be of different versions, so its shape is looked at before use.
import { MeshError } from "../../mesh/errors.ts";
import type { MeshStatus } from "../status.ts";
import { AGENT_VERSION } from "../version.ts";

/** Throws AGENT_UNAVAILABLE for a text that is no status. */
export function readStatus(text: string): MeshStatus {
  const status = parseJson(text);
  if (isStatus(status)) return status;
  throw new MeshError(
    "AGENT_UNAVAILABLE",
    `the agent's answer is no status that this command (version ${AGENT_VERSION}) understands: install agent and command of one version`,
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isStatus(value: unknown): value is MeshStatus {
  if (typeof value !== "object" || value === null) return false;
  const { agent, services, workloads, problems } = value as Partial<MeshStatus>;
  return typeof agent?.version === "string" && [services, workloads, problems].every(Array.isArray);
}
