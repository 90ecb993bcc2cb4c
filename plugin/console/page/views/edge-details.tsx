// One call, beneath the graph: its numbers, how it is protected, which versions it reaches.
import type { VNode } from "preact";
import type { TopologyEdge } from "../graph/topology.ts";
import { OUTSIDE } from "../graph/topology.ts";
import { versionShares } from "../model/edges.ts";
import { formatBytes, formatMilliseconds, formatRate, formatShare } from "../model/format.ts";
import { formatPlace, type Place } from "../model/place.ts";
import { Badge } from "../parts/badge.tsx";
import { Details, Facts } from "../parts/sections.tsx";
import { Shares } from "../parts/shares.tsx";

export function EdgeDetails(props: { readonly edge: TopologyEdge; readonly place: Place }): VNode {
  const { edge, place } = props;
  const { source, destination } = edge;
  const { focus } = place.query;
  return (
    <Details title={`${source} → ${destination}`} close={formatPlace("topology", [], { focus })}>
      <Facts
        facts={[
          ["Requests", formatRate(edge.requestsPerSecond)],
          ["Errors", <ErrorShare key="errors" edge={edge} />],
          ["p50", formatMilliseconds(edge.p50)],
          ["p99", formatMilliseconds(edge.p99)],
          ["Open streams", String(edge.openStreams)],
          ["Stream bytes", `${formatBytes(edge.streamBytesPerSecond)}/s`],
          ["Security", <Security key="security" edge={edge} />],
        ]}
      />
      <Shares title="Versions reached" shares={versionShares([edge])} />
      <p class="links">
        <a href={formatPlace("services", [destination])}>{destination}</a>
        {source !== OUTSIDE && <a href={formatPlace("services", [source])}>{source}</a>}
        <a href={formatPlace("tap", [], { service: destination, source })}>
          Live requests of this call
        </a>
      </p>
    </Details>
  );
}

function ErrorShare({ edge }: { readonly edge: TopologyEdge }): VNode {
  const text = formatShare(edge.errorShare);
  if (edge.errorShare === 0) return <>{text}</>;
  return <Badge tone={edge.trouble === "bad" ? "bad" : "warning"}>{text}</Badge>;
}

function Security({ edge: { security, source } }: { readonly edge: TopologyEdge }): VNode {
  if (security === "mtls") return <Badge tone="good">mutual TLS, both identities verified</Badge>;
  return (
    <>
      <Badge tone="warning">plaintext</Badge>{" "}
      {source === OUTSIDE
        ? "callers from outside have no sidecar; mesh.mtls: strict refuses them"
        : "some of it came without identity"}
    </>
  );
}
