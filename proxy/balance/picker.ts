// What the balancing algorithms have in common. A picker is built for a set of endpoints and never edited; what changes
// while it is in use are the endpoints' weights, which it is told of, and their load, which it looks at.

/** What pickers know of an endpoint. */
export interface Candidate {
  /** The instance id: what hashing pickers place it by, the same in every sidecar. */
  readonly id: string;
  /** Requests in flight. */
  readonly active: number;
  /** ms, decayed; 0 before the first answer. `now` is on the scale of `performance.now()`. */
  latency(now: number): number;
}

export interface Candidates {
  readonly members: readonly Candidate[];
  /** As configured, by index; hashing pickers are built for them. */
  readonly configured: Float64Array;
  /**
   * In force now, by index: 0 for those that must not be picked. The owner changes them in place and then calls `weigh`;
   * for one pick it may set some to 0 without that.
   */
  readonly weights: Float64Array;
}

export interface EndpointPicker {
  /** The weights have changed. */
  weigh(): void;
  /** The index of the endpoint for a request with this key (32 bits), one with a weight above 0; -1 without any. */
  pick(key: number, now: number): number;
}

/** 0 to below 1. */
export type Random = () => number;
