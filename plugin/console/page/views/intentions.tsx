// Who may call whom as Consul's intentions say it. They are changed in Consul; besides them each service's own rules count.
import type { VNode } from "preact";
import type { IntentionRow, IntentionsList } from "../../view.ts";
import { useAnswer, useClient } from "../client/hooks.ts";
import { CONSUL_PATH, PATHS } from "../client/paths.ts";
import { matching } from "../model/filters.ts";
import { StateBadge } from "../parts/badge.tsx";
import { SearchField } from "../parts/search.tsx";
import { Empty, Failure, ViewHead } from "../parts/sections.tsx";
import { type Column, Table } from "../parts/table.tsx";
import type { ViewProps } from "./view-props.ts";

/** ms of the agent's clock between two looks. */
const EVERY = 5_000;

const COLUMNS: readonly Column<IntentionRow>[] = [
  { title: "Caller", cell: ({ source }) => everyOne(source) },
  { title: "Callee", cell: ({ destination }) => everyOne(destination) },
  { title: "Decision", cell: decision },
];

export function IntentionsView({ place, view }: ViewProps): VNode {
  const { session } = useClient();
  const { value, error } = useAnswer<IntentionsList>(PATHS.intentions, Math.floor(view.at / EVERY));
  const intentions = value?.intentions ?? [];
  const found = matching(intentions, place.query["search"] ?? "", (one) => [
    ...[one.source, one.destination, one.action],
  ]);
  return (
    <>
      <ViewHead title="Intentions">
        <search class="tools">
          <SearchField place={place} name="search" label="Search" placeholder="caller or callee" />
          {session.consul && (
            <a class="button quiet" href={CONSUL_PATH}>
              Edit in Consul
            </a>
          )}
        </search>
      </ViewHead>
      {error !== undefined && <Failure error={error} />}
      {value !== undefined && (
        <p class="hint">
          Without an intention a call is {value.defaultAction === "allow" ? "allowed" : "denied"}.
          The rules in a service's policy count besides.
        </p>
      )}
      {value?.problems.map((problem) => (
        <p key={problem} class="notice warning">
          {problem}
        </p>
      ))}
      {value !== undefined && intentions.length === 0 && (
        <Empty title="There is no intention.">
          {session.consul
            ? "Write one in Consul's UI, or with consul intention create web orders; it is in force within a second."
            : "The embedded catalog has none: mesh.allow and the rules of policies say who may call."}
        </Empty>
      )}
      {found.length > 0 && (
        <Table
          label="Intentions"
          columns={COLUMNS}
          rows={found}
          keyOf={({ source, destination }) => `${source} ${destination}`}
        />
      )}
    </>
  );
}

function describeMatch(match: IntentionRow["permissions"][number]["match"]): string {
  const parts = Object.entries(match).map(([field, value]) => `${field} ${value}`);
  return parts.length === 0 ? "any request" : parts.join(", ");
}

function everyOne(name: string): VNode | string {
  return name === "*" ? <i>every service</i> : name;
}

function decision({ action, permissions }: IntentionRow): VNode {
  if (action !== undefined) return <StateBadge state={action} />;
  return (
    <ol>
      {permissions.map(({ action: verdict, match }, index) => (
        <li key={`${index} ${verdict}`}>
          <StateBadge state={verdict} /> <code>{describeMatch(match)}</code>
        </li>
      ))}
    </ol>
  );
}
