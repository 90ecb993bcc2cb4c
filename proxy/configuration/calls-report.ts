// What a sidecar tells its agent of how it calls services, besides the requests themselves. Counts are since the last report
// that arrived, as those of traffic are.

/** What one sidecar may have of a service at once, and what it may spend on retries. Names of policy fields. */
export const CALL_LIMITS = [
  "connections",
  "pending",
  "requests",
  "retries",
  "retry-budget",
] as const;
export type CallLimit = (typeof CALL_LIMITS)[number];

export interface CallsReport {
  /** The catalog name of the service that is called. */
  readonly service: string;
  /** Tries beyond the first. */
  readonly retries: number;
  /** Endpoints that were ejected, each as often as it was. */
  readonly ejections: number;
  /** How often a limit was in the way; those that were not are left out. */
  readonly overflows: Readonly<Partial<Record<CallLimit, number>>>;
  /** Limits that are reached at this moment. */
  readonly open: readonly CallLimit[];
}
