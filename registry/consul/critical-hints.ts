// Where to look first when queries for services take turns: one query for all checks that are critical. Almost whatever
// happens to an instance passes through there (it fails, recovers, drains, expires, is new), so that what appears in the
// list, or goes from it, names a service to look at. A hint that is missed costs time alone: every service has its turn.
import type { Clock } from "../../mesh/clock.ts";
import { follow } from "./blocking-query.ts";
import type { Answer, BlockingQuery, ConsulClient } from "./client.ts";
import type { CriticalCheck } from "./types.ts";

/** What to look at: a service, or everything on one of Consul's nodes. */
export type Hint = { readonly service: string } | { readonly node: string };

/** By node and check. */
type Listed = ReadonlyMap<string, CriticalCheck>;

/** Rest after an answer for each check in it, ms: the list is long when much goes wrong, and comes whole with each change. */
const REST = 0.1;
const LONGEST_REST = 1_000;

/** Hints until the signal aborts; `longest` is how long a query may wait, ms. */
export async function* criticalHints(
  client: ConsulClient,
  clock: Clock,
  longest: number,
  signal: AbortSignal,
): AsyncGenerator<readonly Hint[], void, undefined> {
  const read = (
    query: BlockingQuery,
    within: AbortSignal,
  ): Promise<Answer<readonly CriticalCheck[]>> => {
    const ask = (): Promise<Answer<readonly CriticalCheck[]>> =>
      client.criticalChecks({ ...query, wait: Math.min(query.wait, longest) }, within);
    return query.index === 0 ? client.turns.serviceReads.run(ask, within) : ask();
  };
  let before: Listed | undefined;
  for await (const checks of follow(read, { clock }, signal)) {
    const now = listed(checks);
    if (before !== undefined) yield differences(before, now);
    before = now;
    await clock.sleep(Math.min(LONGEST_REST, now.size * REST), signal).catch(() => undefined);
  }
}

/** As much of each check as is needed: what checks said can be long. */
function listed(checks: readonly CriticalCheck[]): Listed {
  return new Map(
    checks.map(({ Node, CheckID, ServiceName, ModifyIndex }) => [
      `${Node} ${CheckID}`,
      { Node, CheckID, ServiceName, ModifyIndex },
    ]),
  );
}

/** Whose checks are in one list and not, or not as they were, in the other; each once. Pure. */
export function differences(before: Listed, now: Listed): readonly Hint[] {
  const changed = [
    ...[...now].filter(([key, check]) => before.get(key)?.ModifyIndex !== check.ModifyIndex),
    ...[...before].filter(([key]) => !now.has(key)),
  ];
  const hints = changed.map(([, { ServiceName: service, Node: node }]): [string, Hint] =>
    service === "" ? [`node ${node}`, { node }] : [`service ${service}`, { service }],
  );
  return [...new Map(hints).values()];
}
