// Which timeouts, retries and limits hold for a request, and who says so. Pure.
import type { EffectiveField } from "../../mesh/policy/document.ts";
import type { RoutePolicy } from "../../mesh/policy/policy.ts";
import type { ExplainedSetting } from "./explanation.ts";

/** Shown for every request. */
const REQUEST_FIELDS = [
  ...["balance.algorithm", "timeouts.connect", "timeouts.per-try", "timeouts.request"],
  ...["timeouts.idle", "retries.attempts", "retries.on", "retries.budget"],
] as const;
const STREAM_FIELDS = ["balance.algorithm", "timeouts.connect", "timeouts.idle"] as const;

/** Shown where somebody has said something about them. */
const FURTHER = [
  ...["balance.hash-on", "balance.sticky-cookie", "balance.same-node", "balance.panic-threshold"],
  ...["balance.slow-start", "retries.statuses", "retries.backoff", "limits.connections"],
  ...["limits.pending", "limits.requests", "limits.retries", "limits.inbound-requests"],
  ...["limits.rate", "limits.rate-per-caller", "limits.burst"],
] as const;

/** What a route may say in place of its service. */
const OVERRIDES: ReadonlyMap<string, readonly [field: string, keyof RoutePolicy]> = new Map([
  ["timeouts.request", ["timeout", "timeout"]],
  ["timeouts.per-try", ["per-try-timeout", "perTryTimeout"]],
  ["retries.attempts", ["attempts", "attempts"]],
  ["retries.on", ["retry-on", "retryOn"]],
]);

export interface SettingsSketch {
  readonly stream: boolean;
  readonly route: RoutePolicy | undefined;
  /** Every field of the service whose route it is, and of the one that is called in the end. */
  readonly routing: readonly EffectiveField[];
  readonly called: readonly EffectiveField[];
}

export function settingsOf({ stream, route, routing, called }: SettingsSketch): ExplainedSetting[] {
  const named = stream ? STREAM_FIELDS : REQUEST_FIELDS;
  const always = named.flatMap((field) => {
    const overriding = route && overrideOf(field, route, routing);
    return overriding ?? called.find((each) => each.field === field) ?? [];
  });
  const further = called.filter(
    ({ field, source }) => source !== "default" && (FURTHER as readonly string[]).includes(field),
  );
  return [...always, ...further];
}

function overrideOf(
  field: string,
  route: RoutePolicy,
  routing: readonly EffectiveField[],
): EffectiveField | undefined {
  const [name, key] = OVERRIDES.get(field) ?? [];
  if (key === undefined || route[key] === undefined) return undefined;
  return routing.find((each) => each.field === `route.${route.name}.${name}`);
}
