// Calls as a table: where there are too many for a picture, and beside the details of a service.
import type { VNode } from "preact";
import type { EdgeView } from "../../view.ts";
import { ERRORS } from "../graph/topology.ts";
import { isStreamed } from "../model/edges.ts";
import { formatBytes, formatMilliseconds, formatRate, formatShare } from "../model/format.ts";
import { formatPlace } from "../model/place.ts";
import { Badge } from "../parts/badge.tsx";
import { type Column, Table } from "../parts/table.tsx";

const COLUMNS: readonly Column<EdgeView>[] = [
  {
    title: "Call",
    cell: ({ source, destination }) => (
      <a href={formatPlace("topology", [], { focus: destination, source, destination })}>
        {source} → {destination}
      </a>
    ),
  },
  { title: "Rate", numeric: true, cell: rate },
  { title: "Errors", numeric: true, cell: errors },
  { title: "p50", numeric: true, cell: ({ p50 }) => formatMilliseconds(p50) },
  { title: "p99", numeric: true, cell: ({ p99 }) => formatMilliseconds(p99) },
  { title: "Security", cell: security },
];

export function EdgeList({ edges }: { readonly edges: readonly EdgeView[] }): VNode {
  return (
    <Table
      label="Calls"
      columns={COLUMNS}
      rows={edges}
      keyOf={({ source, destination }) => `${source} ${destination}`}
    />
  );
}

function rate(edge: EdgeView): string {
  if (!isStreamed(edge)) return formatRate(edge.requestsPerSecond);
  return `${edge.openStreams} open, ${formatBytes(edge.streamBytesPerSecond)}/s`;
}

function errors({ errorShare }: EdgeView): VNode {
  const text = formatShare(errorShare);
  if (errorShare < ERRORS.warning) return <>{text}</>;
  return <Badge tone={errorShare < ERRORS.bad ? "warning" : "bad"}>{text}</Badge>;
}

function security({ security: kind }: EdgeView): VNode {
  return kind === "mtls" ? (
    <Badge tone="good">mTLS</Badge>
  ) : (
    <Badge tone="warning">plaintext</Badge>
  );
}
