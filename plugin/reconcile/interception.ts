// What is written down of a namespace whose redirection was installed: of which start of its container it is, and by which
// rules. Labels of services change while tasks run, and with them the rules.
import { createHash } from "node:crypto";
import { type Interception, interceptionRules } from "../docker/interception-rules.ts";
import type { Workload } from "../workload/workload.ts";

type Intercepted = Pick<Workload, "startedAt"> & Interception;

/** Equal for the same start with the same rules. */
export function interceptionMark(intercepted: Intercepted): string {
  const rules = interceptionRules(intercepted);
  return `${intercepted.startedAt}#${createHash("sha256").update(rules).digest("hex").slice(0, 12)}`;
}

/** Whether rules were installed since that start, be they the present ones or not. */
export function isMarkOf(mark: string | undefined, startedAt: string): boolean {
  return mark === startedAt || mark?.startsWith(`${startedAt}#`) === true;
}
