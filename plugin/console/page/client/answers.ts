// What the agent's API answers, as far as the page reads it; a test holds these against the agent's own types.

export type PolicySource = "default" | "mesh" | "label" | "policy";

export interface EffectiveField {
  readonly field: string;
  readonly value: string;
  readonly source: PolicySource;
}

export interface StoredPolicy {
  readonly service: string;
  /** 0: nobody has ever written one. */
  readonly version: number;
  readonly document: Readonly<Record<string, string>>;
  /** Wall clock, ms; absent where nobody has written one. */
  readonly writtenAt?: number;
  readonly note?: string;
}

/** With `?effective=true`. */
export interface ShownPolicy extends StoredPolicy {
  readonly fields: readonly EffectiveField[];
}

export interface PolicyHistory {
  /** Newest first. */
  readonly versions: readonly StoredPolicy[];
}

/** One endpoint as one caller's sidecar sees it. */
export interface EndpointReport {
  readonly caller: string;
  readonly callerService: string;
  readonly endpoint: string;
  readonly port: number;
  readonly state: "healthy" | "ejected" | "probing" | "recovering";
  /** For people; empty while healthy. */
  readonly reason: string;
  /** Wall clock, ms; 0 before any change. */
  readonly since: number;
  /** Percent of its usual load. */
  readonly share: number;
  readonly ejections: number;
  /** Requests in flight. */
  readonly active: number;
  /** ms; 0 before the first answer. */
  readonly latency: number;
}

export interface EndpointsAnswer {
  readonly endpoints: readonly EndpointReport[];
}

export interface FieldProblem {
  readonly field: string;
  readonly message: string;
}

export interface ErrorAnswer {
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly fields?: readonly FieldProblem[];
  };
}
