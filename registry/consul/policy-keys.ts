// Where policies stand in Consul's KV: the one in force under the service's name, and every version that is kept below it
// in the history, zero padded so that Consul's order of keys is that of versions. Pure.
const VERSION_DIGITS = 12;

/** Below it, by service: the documents in force. */
export const POLICIES = "docker-mesh/policies/";
const HISTORY = "docker-mesh/policy-history/";

export function policyKey(service: string): string {
  return POLICIES + encodeName(service);
}

/** Below it: the versions of a service that are kept. */
export function historyOf(service: string): string {
  return `${HISTORY}${encodeName(service)}/`;
}

export function historyKey(service: string, version: number): string {
  return historyOf(service) + String(version).padStart(VERSION_DIGITS, "0");
}

/** The version in a key of the history; 0 for a key that is none of ours. */
export function versionOf(key: string): number {
  const [, digits] = /\/(\d{12,15})$/.exec(key) ?? [];
  return Number(digits ?? 0);
}

/** The service whose document stands at the key; undefined for a key that this file never makes. */
export function serviceOf(key: string): string | undefined {
  try {
    const service = decodeURIComponent(key.slice(POLICIES.length));
    return policyKey(service) === key ? service : undefined;
  } catch {
    return undefined;
  }
}

// Slashes would be folders, and dots alone would climb out of them.
function encodeName(service: string): string {
  return encodeURIComponent(service).replaceAll(".", "%2E");
}
