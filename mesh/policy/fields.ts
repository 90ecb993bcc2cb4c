// The table of everything a policy can say: labels, documents, the reference page and the sidecar read it. A label is
// `mesh.` and a name of here. A new field is a row in `fields/`, a member in `policy.ts`, and cases in the tests.
import { nearestName } from "../nearest.ts";
import { isServiceName } from "../service-name.ts";
import { type Field, nameWithin } from "./field.ts";
import { ACCESS_FIELDS, JWT_FIELDS, RULE_FIELDS } from "./fields/access.ts";
import { BALANCE_FIELDS } from "./fields/balance.ts";
import { LIMIT_FIELDS, RETRY_FIELDS, TIMEOUT_FIELDS } from "./fields/calls.ts";
import { GATEWAY_FIELDS } from "./fields/gateway.ts";
import { CHECK_FIELDS, OUTLIER_FIELDS, RECOVERY_FIELDS } from "./fields/health.ts";
import { LOG_FIELDS, TRACE_FIELDS } from "./fields/telemetry.ts";
import { FAILOVER_FIELD, ROUTE_FIELDS, SPLIT_FIELD } from "./fields/traffic.ts";

/** Fields that there is one of, in the order of the reference. */
export const SINGLE_FIELDS: readonly Field<unknown>[] = [
  ...Object.values(BALANCE_FIELDS),
  ...Object.values(TIMEOUT_FIELDS),
  ...Object.values(RETRY_FIELDS),
  ...Object.values(LIMIT_FIELDS),
  ...Object.values(OUTLIER_FIELDS),
  ...Object.values(RECOVERY_FIELDS),
  ...Object.values(CHECK_FIELDS),
  ...Object.values(LOG_FIELDS),
  ...Object.values(TRACE_FIELDS),
  SPLIT_FIELD,
  FAILOVER_FIELD,
  ...Object.values(ACCESS_FIELDS),
  ...Object.values(JWT_FIELDS),
  ...Object.values(GATEWAY_FIELDS),
];

/** Fields of every route and of every rule: in their names, `<name>` is what people call it. */
export const NAMED_FIELDS: readonly Field<unknown>[] = [
  ...Object.values<Field<unknown>>(ROUTE_FIELDS),
  ...Object.values<Field<unknown>>(RULE_FIELDS),
];

/** All fields as the reference has them. */
export const ALL_FIELDS: readonly Field<unknown>[] = [...SINGLE_FIELDS, ...NAMED_FIELDS];

const FIELDS: ReadonlyMap<string, Field<unknown>> = new Map(
  ALL_FIELDS.map((field) => [field.name, field]),
);

const NAMED = /^(route|rule)\.([^.]+)\.([^.]+)$/;

/** The name people gave to a route or rule, of which the field is; undefined for other fields. */
export function entryOf(name: string): { group: string; entry: string } | undefined {
  const [, group = "", entry = ""] = NAMED.exec(name) ?? [];
  return isServiceName(entry) ? { group, entry } : undefined;
}

/** The row of a dotted name, `route.canary.path` among them; undefined for what is no field. */
export function findField(name: string): Field<unknown> | undefined {
  const named = entryOf(name);
  if (named === undefined) return name.includes("<") ? undefined : FIELDS.get(name);
  const { group, entry } = named;
  return FIELDS.get(`${group}.<name>.${name.slice(group.length + entry.length + 2)}`);
}

/** What is wrong with a name that is no field: a sentence with the name that was probably meant. */
export function describeUnknown(name: string): string {
  const [, group = "", entry = "", key = ""] = /^([^.]+)\.([^.]*)\.([^.]+)$/.exec(name) ?? [];
  if (!isServiceName(entry) && FIELDS.has(`${group}.<name>.${key}`)) {
    return "expected a name of lower-case letters, digits and hyphens for the route or rule";
  }
  // Labels are called the same behind `mesh.`, and so they are copied.
  const meant = name.toLowerCase().replace(/^mesh\./, "");
  const nearest = nearestName(meant, fieldNames(entryOf(meant)?.entry ?? entry));
  return `expected a field of policies: ${nearest === undefined ? "see docs/labels.md" : `did you mean ${nearest}?`}`;
}

/** Names of all fields, those of routes and rules for one of the given name. */
export function fieldNames(entry: string): readonly string[] {
  const single = SINGLE_FIELDS.map(({ name }) => name);
  if (!isServiceName(entry)) return single;
  return [...single, ...NAMED_FIELDS.map((field) => nameWithin(field, entry))];
}
