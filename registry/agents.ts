// Which agents the mesh has, on which nodes and of which version: what each tells all others about itself. `consul/` and
// `embedded/` keep the promises; test/registry/agents-conformance.ts is a suite.

/** What an agent tells of its node. */
export interface Announcement {
  /** The engine's node name. */
  readonly node: string;
  /** The agent's own. */
  readonly version: string;
  /** Those of the sidecars on its node, each once, sorted; `""` for sidecars that were made before they had one. */
  readonly sidecarVersions: readonly string[];
}

/** `silent`: it has not announced itself within the time to live. `lost`: the catalog hears nothing of its node. */
export type Hearing = "heard" | "silent" | "lost";

export interface KnownAgent extends Announcement {
  readonly hearing: Hearing;
}

/**
 * Promises:
 * 1. `announce` replaces what was announced for that node. Not repeated within 30 s it is silent, later it is forgotten.
 * 2. `views` gives all agents, sorted by node, first as they are and then after each change, newest only; an outage yields
 *    nothing. What somebody else wrote there and cannot be read is left out.
 * 3. Failures are MeshErrors (CATALOG_UNAVAILABLE, CATALOG_REFUSED); an abort rejects promptly, `views` ends.
 */
export interface AgentRegistry {
  announce(announcement: Announcement, signal: AbortSignal): Promise<void>;
  views(signal: AbortSignal): AsyncIterable<readonly KnownAgent[]>;
}
