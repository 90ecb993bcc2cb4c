// What was seen of a mesh while things happened to it: histories, to be judged by rules.ts. All times are wall clock, ms.

/** What the catalog said of one service. */
export interface CatalogSeen {
  readonly at: number;
  /** Grows with each change, as the catalog itself counts. */
  readonly index: number;
  /** Instance ids that take requests: they are passing. */
  readonly offered: readonly string[];
  /**
   * Instance ids that would be, had the catalog not lost its own agent on their node: callers may believe either, for as
   * long as registry/consul/loss-guard.ts says.
   */
  readonly doubted: readonly string[];
}

/** The catalog could not be asked: what it said before and after do not follow on each other. */
export interface CatalogBreak {
  readonly at: number;
  readonly broken: true;
}

/** The endpoints of the service that one caller's sidecar had in its snapshot. */
export interface SnapshotSeen {
  readonly at: number;
  readonly caller: string;
  readonly endpoints: readonly string[];
}

/** The callers' agent could not be asked, and told them of nothing from then on until it was there again. */
export interface SnapshotBreak {
  readonly at: number;
  readonly broken: true;
}

/** An endpoint answered a request that began at this moment. */
export interface UseSeen {
  readonly at: number;
  readonly endpoint: string;
}

/** Each list is sorted by time. */
export interface Observations {
  readonly catalog: readonly (CatalogSeen | CatalogBreak)[];
  readonly snapshots: readonly (SnapshotSeen | SnapshotBreak)[];
  readonly uses: readonly UseSeen[];
}
