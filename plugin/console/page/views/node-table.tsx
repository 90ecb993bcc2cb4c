// The nodes of a swarm, as this one sees them.
import type { VNode } from "preact";
import type { NodeStatus } from "../../../status.ts";
import { NONE } from "../model/format.ts";
import { StateBadge } from "../parts/badge.tsx";
import { Card } from "../parts/sections.tsx";
import { type Column, Table } from "../parts/table.tsx";

const COLUMNS: readonly Column<NodeStatus>[] = [
  { title: "Node", cell: ({ node }) => node },
  { title: "Agent", cell: ({ agent }) => <StateBadge state={agent} /> },
  { title: "Agent's version", cell: ({ agentVersion }) => agentVersion ?? NONE },
  {
    title: "Sidecars' versions",
    cell: ({ sidecarVersions }) =>
      sidecarVersions.map((version) => version || "unknown").join(", ") || NONE,
  },
];

export function NodeTable({ nodes }: { readonly nodes: readonly NodeStatus[] }): VNode | null {
  if (nodes.length < 2) return null;
  return (
    <Card title="Nodes">
      <Table label="Nodes" columns={COLUMNS} rows={nodes} keyOf={({ node }) => node} />
    </Card>
  );
}
