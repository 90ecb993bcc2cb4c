// How many queries may wait at Consul at the same time. It refuses an address connections beyond its own limit, also those
// over which instances are registered: what waits must leave room for the rest. Queries beyond the bound take turns.
import type { AgentSelf } from "./types.ts";

/** What Consul takes from one address where nobody says otherwise. */
const USUAL_LIMIT = 200;
/** For calls that do not wait, for certificates, and for what else is followed. */
const RESERVED = 80;
/** Each takes memory here and there, so that without a limit there is one all the same. */
const MOST = 2_000;

/** Queries for certificates that wait: these hardly ever change. */
export const CERTIFICATE_QUERIES = 24;
/** Queries for services that wait, as long as nothing is known of the limit. */
export const SERVICE_QUERIES: number = USUAL_LIMIT - RESERVED;

/** Queries for services that may wait, by Consul's own setting (`limits.http_max_conns_per_client`). */
export function serviceQueries({ DebugConfig: settings }: AgentSelf): number {
  const limit = settings?.["HTTPMaxConnsPerClient"];
  if (typeof limit !== "number") return SERVICE_QUERIES;
  if (limit <= 0) return MOST;
  return Math.min(MOST, Math.max(1, limit - RESERVED));
}
