// The endpoints of a service with the state of their circuits: each caller's sidecar decides for itself, so each says its own.
import type { VNode } from "preact";
import type { EndpointReport, EndpointsAnswer } from "../client/answers.ts";
import { useAnswer } from "../client/hooks.ts";
import { servicePath } from "../client/paths.ts";
import { count, formatMilliseconds, formatRelative, NONE } from "../model/format.ts";
import { summarizeEndpoints, troubledFirst } from "../model/services.ts";
import { StateBadge } from "../parts/badge.tsx";
import { Card, Empty, Failure } from "../parts/sections.tsx";
import { type Column, Table } from "../parts/table.tsx";

/** ms of the agent's clock between two looks. */
const EVERY = 2_000;

export function Endpoints(props: { readonly service: string; readonly at: number }): VNode {
  const { service, at } = props;
  const { value, error } = useAnswer<EndpointsAnswer>(
    servicePath(service, "endpoints"),
    Math.floor(at / EVERY),
  );
  const reports = value?.endpoints ?? [];
  const { endpoints, troubled } = summarizeEndpoints(reports);
  return (
    <Card title="Endpoints as their callers see them">
      {error !== undefined && <Failure error={error} />}
      {value !== undefined && endpoints === 0 && (
        <Empty title="No caller on this node knows an endpoint of it.">
          Endpoints show here once a workload of this node may call the service.
        </Empty>
      )}
      {endpoints > 0 && (
        <p class={troubled > 0 ? "warning-text" : "hint"}>
          {count(endpoints, "endpoint")},{" "}
          {troubled === 0 ? "all healthy" : `${troubled} not healthy`} for a caller of this node.
        </p>
      )}
      {endpoints > 0 && (
        <Table
          label="Endpoints"
          columns={columnsAt(at)}
          rows={troubledFirst(reports)}
          keyOf={({ caller, endpoint, port }) => `${endpoint} ${port} ${caller}`}
        />
      )}
    </Card>
  );
}

function columnsAt(now: number): readonly Column<EndpointReport>[] {
  return [
    {
      title: "Endpoint",
      cell: ({ endpoint, port }) => (
        <code>
          {endpoint}:{port}
        </code>
      ),
    },
    { title: "State", cell: ({ state }) => <StateBadge state={state} /> },
    { title: "Caller", cell: ({ caller }) => caller },
    { title: "Share", numeric: true, cell: ({ share }) => `${Math.round(share)} %` },
    { title: "Latency", numeric: true, cell: ({ latency }) => formatMilliseconds(latency) },
    { title: "In flight", numeric: true, cell: ({ active }) => String(active) },
    { title: "Ejections", numeric: true, cell: ({ ejections }) => String(ejections) },
    { title: "Since", cell: ({ since }) => (since === 0 ? NONE : formatRelative(since, now)) },
    { title: "Reason", cell: ({ reason }) => reason || NONE },
  ];
}
