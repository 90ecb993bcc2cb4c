// What a run of this bench has shown; written as JSON, read by publish.ts.
import type { FailingRow } from "./failing.ts";
import type { PickRow } from "./pick.ts";
import type { Quantiles } from "./quantiles.ts";
import type { Recovery } from "./recovery.ts";
import type { SlowRow } from "./slow.ts";

/** Undefined: not measured in this run. */
export interface PolicyResults {
  /** ISO 8601. */
  readonly date: string;
  readonly machine: string;
  readonly failing: readonly FailingRow[] | undefined;
  readonly slow: readonly SlowRow[] | undefined;
  readonly recovery: Recovery | undefined;
  readonly change: Quantiles | undefined;
  readonly deny: Quantiles | undefined;
  readonly pick: readonly PickRow[] | undefined;
}
