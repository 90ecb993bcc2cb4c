// The addresses of the contract, which gives the page its types only: each is spelt out here and held to it by its type.
import type {
  CONSUL_PATH as ConsulPath,
  CSRF_FIELD as CsrfField,
  PATHS as Paths,
} from "../../view.ts";

export const PATHS: typeof Paths = {
  session: "/api/session",
  events: "/api/events",
  tap: "/api/tap",
  mesh: "/api/mesh",
  intentions: "/api/intentions",
};
export const CSRF_FIELD: typeof CsrfField = "x-mesh-csrf";
export const CONSUL_PATH: typeof ConsulPath = "/ui/";

/** Of a service in the agent's own API. */
export function servicePath(service: string, rest: "policy" | "endpoints"): string {
  return `${PATHS.mesh}/v1/services/${encodeURIComponent(service)}/${rest}`;
}
