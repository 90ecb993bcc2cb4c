// The workloads of this node, those first whose certificate ends first.
import type { VNode } from "preact";
import { matching } from "../model/filters.ts";
import { count } from "../model/format.ts";
import { SearchField } from "../parts/search.tsx";
import { Empty, ViewHead } from "../parts/sections.tsx";
import { NodeTable } from "./node-table.tsx";
import type { ViewProps } from "./view-props.ts";
import { WorkloadTable } from "./workload-table.tsx";

export function WorkloadsView({ place, view }: ViewProps): VNode {
  const { workloads, agent } = view.status;
  const sorted = workloads.toSorted(
    (a, b) => (a.certificateExpiresAt ?? 0) - (b.certificateExpiresAt ?? 0),
  );
  const found = matching(sorted, place.query["search"] ?? "", (workload) => [
    ...[workload.container, workload.service, workload.version, workload.health],
    ...[workload.sidecar, workload.identity, workload.mtls],
  ]);
  return (
    <>
      <ViewHead title="Workloads and certificates">
        <search class="tools">
          <SearchField
            place={place}
            name="search"
            label="Search"
            placeholder="name, state, identity"
          />
        </search>
      </ViewHead>
      <p class="hint">
        {count(workloads.length, "workload")} on {agent.node}. Trust domain{" "}
        <code class="long">{agent.trustDomain ?? "none yet"}</code>. Certificates are renewed at
        half of their life.
      </p>
      {workloads.length === 0 && (
        <Empty title="No labelled container runs on this node.">
          Give one the label <code>mesh.enable: "true"</code>. Where it has the label and is missing
          here, Problems says why.
        </Empty>
      )}
      {workloads.length > 0 && found.length === 0 && (
        <Empty title="No workload fits.">Search for less.</Empty>
      )}
      {found.length > 0 && <WorkloadTable workloads={found} now={view.at} />}
      <NodeTable nodes={view.status.nodes} />
    </>
  );
}
