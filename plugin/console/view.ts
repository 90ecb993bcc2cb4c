// What the console's page is told and what it asks for. Types and paths only: the agent fills them (`plugin/console/`), the page
// (`plugin/console/page/`) draws them. Every refusal is a status and `{"error":{"code","message"}}`, as the API's are.
import type { PolicyDocument } from "../../mesh/policy/document.ts";
import type { MeshStatus } from "../status.ts";

/** The state of the mesh at one moment, pushed to every open page whenever it has changed, at most once a second. */
export interface ConsoleView {
  /** Wall clock, ms. */
  readonly at: number;
  readonly status: MeshStatus;
  /** Over the last {@link WINDOW} ms, sorted by source, then destination; those that were quiet meanwhile stay for ten minutes. */
  readonly edges: readonly EdgeView[];
}

/** Who calls whom, as the sidecars of this node saw it at either end. */
export interface EdgeView {
  /** Catalog name of the caller; {@link OUTSIDE} for callers without identity. */
  readonly source: string;
  readonly destination: string;
  /** `plaintext`: some of it came without identity. */
  readonly security: "mtls" | "plaintext";
  readonly requestsPerSecond: number;
  /** 0 to 1: answers of 5xx, gRPC's like, and whatever the mesh refused or failed at, of all requests. */
  readonly errorShare: number;
  /** ms, from the buckets of metrics; 0 without requests. */
  readonly p50: number;
  readonly p99: number;
  readonly openStreams: number;
  readonly streamBytesPerSecond: number;
  /** By version of the destination, "" for none, requests a second; only of what a caller's sidecar saw. */
  readonly versions: Readonly<Record<string, number>>;
}

/** ms over which rates and latencies are taken. */
export const WINDOW = 30_000;
/** In place of a caller's name. */
export const OUTSIDE = "outside";

/** Who has logged in. `viewer` sees everything and changes nothing. */
export type Role = "admin" | "viewer";

export interface SessionView {
  readonly role: Role;
  /** Wall clock, ms. */
  readonly expiresAt: number;
  /** To be sent back in {@link CSRF_FIELD} with every request that changes something. */
  readonly csrf: string;
  /** Whether Consul's UI is behind {@link CONSUL_PATH}: not with the embedded catalog. */
  readonly consul: boolean;
}

/** Who may call whom, as Consul's intentions say it; empty with the embedded catalog. Editable in Consul's UI. */
export interface IntentionsList {
  /** For pairs that no intention speaks of. */
  readonly defaultAction: "allow" | "deny";
  readonly intentions: readonly IntentionRow[];
  /** What cannot be followed to the letter, each a sentence. */
  readonly problems: readonly string[];
}

export interface IntentionRow {
  /** A catalog name or `*`. */
  readonly source: string;
  readonly destination: string;
  /** Undefined when `permissions` decide, from top to bottom. */
  readonly action?: "allow" | "deny" | undefined;
  /** `match` in the words of routes and rules of a policy. */
  readonly permissions: readonly {
    readonly action: "allow" | "deny";
    readonly match: PolicyDocument;
  }[];
}

export const CSRF_FIELD = "x-mesh-csrf";

/** All below one port; the page itself is at `/`. */
export const PATHS = {
  /**
   * `GET`: the {@link SessionView}, 401 without. `POST {token}`: log in; the session, 401 for a wrong token, 429 with
   * `Retry-After` after too many. `DELETE`: log out, 204.
   */
  session: "/api/session",
  /** `GET`: server-sent events, each a {@link ConsoleView} in its data; the first at once. Ends with the session. */
  events: "/api/events",
  /** `GET ?service=&…`: server-sent events of live requests, filtered as `docker mesh tap` does. */
  tap: "/api/tap",
  /** Below it the agent's own API, `/v1/services/…` and so on, for those who have logged in; viewers only `GET`. */
  mesh: "/api/mesh",
  /** `GET`: an {@link IntentionsList}. */
  intentions: "/api/intentions",
} as const;

/** Consul's UI, which asks `/v1/…` at the root of its origin. */
export const CONSUL_PATH = "/ui/";
