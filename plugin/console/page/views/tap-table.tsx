// The requests that were seen, newest first.
import type { VNode } from "preact";
import type { TappedRequest } from "../../../tap/tap-event.ts";
import { formatMilliseconds, formatTime, NONE } from "../model/format.ts";
import { formatPlace } from "../model/place.ts";
import type { TapRow } from "../model/tap-rows.ts";
import { Badge, type Tone } from "../parts/badge.tsx";
import { type Column, Table } from "../parts/table.tsx";

const COLUMNS: readonly Column<TapRow>[] = [
  { title: "Time", cell: ({ request }) => formatTime(request.startedAt) },
  { title: "Call", cell: ({ request }) => call(request) },
  {
    title: "Request",
    cell: ({ request: { method, path } }) => (
      <code class="long">
        {method} {path}
      </code>
    ),
  },
  { title: "Status", cell: ({ request }) => <Outcome request={request} /> },
  {
    title: "Took",
    numeric: true,
    cell: ({ request }) => formatMilliseconds(request.milliseconds),
  },
  {
    title: "Tries",
    numeric: true,
    cell: ({ request }) => <Tries request={request} />,
  },
  {
    title: "Seen by",
    cell: ({ request: { reporter } }) => (reporter === "source" ? "caller" : "callee"),
  },
  { title: "Endpoint", cell: ({ request }) => <code class="long">{endpoint(request)}</code> },
];

export function TapTable({ rows }: { readonly rows: readonly TapRow[] }): VNode {
  return (
    <div class="tap">
      <Table label="Live requests" columns={COLUMNS} rows={rows} keyOf={({ id }) => String(id)} />
    </div>
  );
}

function call({ source, destination }: TappedRequest): string {
  return `${source || "outside"} → ${destination}`;
}

function Outcome({ request }: { readonly request: TappedRequest }): VNode {
  const { status, failure, reason, grpcStatus } = request;
  const grpc = grpcStatus === undefined ? "" : ` gRPC ${grpcStatus}`;
  return (
    <>
      <Badge tone={toneOf(request)}>{status === 0 ? "gone" : `${status}${grpc}`}</Badge>
      {failure !== undefined && (
        <small>
          <a href={formatPlace("codes", [failure])}>{failure}</a> {reason}
        </small>
      )}
    </>
  );
}

function toneOf({ status, failure }: TappedRequest): Tone {
  if (failure !== undefined || status >= 500 || status === 0) return "bad";
  return status >= 400 ? "warning" : "good";
}

function Tries({ request: { tries } }: { readonly request: TappedRequest }): VNode {
  if (tries.length === 0) return <>1</>;
  const earlier = tries.map(({ outcome }) => outcome).join(", ");
  return (
    <>
      {tries.length + 1}
      <small>before: {earlier}</small>
    </>
  );
}

function endpoint({ endpoint: id, version }: TappedRequest): string {
  if (id === "") return NONE;
  return version === "" ? id : `${id} (${version})`;
}
