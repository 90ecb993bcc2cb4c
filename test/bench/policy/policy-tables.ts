// What a run's tables say.
import type { Table } from "../table.ts";
import type { FailingRow } from "./failing.ts";
import type { PickRow } from "./pick.ts";
import type { Quantiles } from "./quantiles.ts";
import type { Recovery } from "./recovery.ts";
import type { PolicyResults } from "./results.ts";
import type { SlowRow } from "./slow.ts";

/** Those of what was measured. */
export function policyTables(results: PolicyResults): readonly Table[] {
  const { failing, slow, recovery, change, deny, pick } = results;
  return [
    ...(failing === undefined ? [] : [failingTable(failing)]),
    ...(slow === undefined ? [] : [slowTable(slow)]),
    ...(recovery === undefined ? [] : [recoveryTable(recovery)]),
    ...(change === undefined && deny === undefined ? [] : [changesTable({ change, deny })]),
    ...(pick === undefined ? [] : [pickTable(pick)]),
  ];
}

function failingTable(rows: readonly FailingRow[]): Table {
  return {
    title: "one of three replicas answers half of its requests with 500",
    rows: [
      ["", "requests", "failed", "in the last half", "ejected after"],
      ...rows.map(({ name, calls, failed, failedLater, ejectedAfter }) => [
        ...[name, `${calls}`, percent(failed), percent(failedLater)],
        describeEjections(ejectedAfter),
      ]),
    ],
    note: "",
  };
}

/** One of each round that had one. */
function describeEjections(times: readonly number[]): string {
  const seconds = [...times].sort((a, b) => a - b).map((time) => (time / 1000).toFixed(2));
  return seconds.length === 0 ? "never" : `${seconds.join(", ")} s`;
}

function slowTable(rows: readonly SlowRow[]): Table {
  return {
    title: "one of three replicas takes 100 ms instead of 2",
    rows: [
      ["", "requests", "p50 ms", "p99 ms", "to the slow one"],
      ...rows.map(({ algorithm, times, slowShare }) => [
        ...[algorithm, `${times.count}`, milliseconds(times.p50), milliseconds(times.p99)],
        percent(slowShare),
      ]),
    ],
    note: "",
  };
}

function recoveryTable({ states, failingFrom, failingTo, failed }: Recovery): Table {
  const seconds = (at: number): string => (at / 1000).toFixed(1);
  return {
    title: "a replica fails and returns",
    rows: [["", "from second"], ...states.map(({ state, at }) => [state, seconds(at)])],
    note: `It fails from second ${seconds(failingFrom)} to ${seconds(failingTo)}; of all requests ${percent(failed)} failed.`,
  };
}

function changesTable(times: Readonly<Record<"change" | "deny", Quantiles | undefined>>): Table {
  const row = (name: string, quantiles: Quantiles | undefined): string[][] =>
    quantiles === undefined
      ? []
      : [
          [
            name,
            `${quantiles.count}`,
            ...[quantiles.p50, quantiles.p99, quantiles.largest].map(milliseconds),
          ],
        ];
  return {
    title: "from the agent's word to its effect in the sidecars",
    rows: [
      ["", "times", "p50 ms", "p99 ms", "largest ms"],
      ...row("a policy is in force at three callers", times.change),
      ...row("a denied stream has ended", times.deny),
    ],
    note: "",
  };
}

function pickTable(rows: readonly PickRow[]): Table {
  return {
    title: "a choice among 100 endpoints, ns",
    rows: [
      ["", "of equal weights", "of unequal weights"],
      ...rows.map(({ algorithm, alike, weighted }) => [algorithm, `${alike}`, `${weighted}`]),
    ],
    note: "",
  };
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function milliseconds(value: number): string {
  return value.toFixed(1);
}
