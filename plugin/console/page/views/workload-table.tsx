// Workloads with their sidecar, identity and certificate.
import type { VNode } from "preact";
import type { WorkloadStatus } from "../../../status.ts";
import { expiryOf } from "../model/filters.ts";
import { formatBytes, formatMoment, formatRelative, NONE } from "../model/format.ts";
import { formatPlace } from "../model/place.ts";
import { Badge, StateBadge } from "../parts/badge.tsx";
import { type Column, Table } from "../parts/table.tsx";

export function WorkloadTable(props: {
  readonly workloads: readonly WorkloadStatus[];
  readonly now: number;
}): VNode {
  const columns: readonly Column<WorkloadStatus>[] = [
    { title: "Workload", cell: name },
    { title: "Health", cell: ({ health }) => <StateBadge state={health} /> },
    { title: "Sidecar", cell: ({ sidecar }) => <StateBadge state={sidecar} /> },
    {
      title: "Identity and certificate",
      cell: (row) => <Identity workload={row} now={props.now} />,
    },
    { title: "mTLS", cell: ({ mtls }) => <StateBadge state={mtls} /> },
    {
      title: "Refused or failed",
      cell: ({ requests }) => <Failures failures={requests.failures} />,
    },
    {
      title: "Memory",
      numeric: true,
      cell: ({ sidecarResidentBytes: bytes }) => (bytes === undefined ? NONE : formatBytes(bytes)),
    },
  ];
  return (
    <Table
      label="Workloads"
      columns={columns}
      rows={props.workloads}
      keyOf={({ containerId }) => containerId}
    />
  );
}

function name({ container, service, version, containerId, intercept }: WorkloadStatus): VNode {
  return (
    <>
      <b>{container}</b>
      <small>
        <a href={formatPlace("services", [service])}>{service}</a>
        {version !== undefined && ` · version ${version}`} · <code>{containerId.slice(0, 12)}</code>
        {intercept === "off" && " · not intercepted"}
      </small>
    </>
  );
}

/** Requests that its sidecar answered itself, by code. */
function Failures(props: { readonly failures: Readonly<Record<string, number>> }): VNode | string {
  const entries = Object.entries(props.failures).filter(([, number]) => number > 0);
  if (entries.length === 0) return NONE;
  return (
    <ul>
      {entries.map(([code, number]) => (
        <li key={code}>
          {number} <a href={formatPlace("codes", [code])}>{code}</a>
        </li>
      ))}
    </ul>
  );
}

function Identity(props: { readonly workload: WorkloadStatus; readonly now: number }): VNode {
  const { workload, now } = props;
  const { identity, certificateExpiresAt } = workload;
  const expiry = expiryOf(workload, now);
  return (
    <>
      <code class="long">{identity ?? "no identity yet"}</code>
      {certificateExpiresAt !== undefined && (
        <small>
          {expiry === "over" ? "expired" : "expires"} {formatRelative(certificateExpiresAt, now)},{" "}
          <time dateTime={new Date(certificateExpiresAt).toISOString()}>
            {formatMoment(certificateExpiresAt)}
          </time>{" "}
          {expiry === "soon" && <Badge tone="warning">soon: renewal is late</Badge>}
          {expiry === "over" && <Badge tone="bad">expired</Badge>}
        </small>
      )}
    </>
  );
}
