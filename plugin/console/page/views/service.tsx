// One service: its endpoints as callers see them and its workloads here, or its policy.
import type { VNode } from "preact";
import { formatPlace } from "../model/place.ts";
import { Card, Empty, ViewHead } from "../parts/sections.tsx";
import { EdgeList } from "./edge-list.tsx";
import { Endpoints } from "./endpoints.tsx";
import { PolicyView } from "./policy.tsx";
import { ServiceFacts } from "./service-facts.tsx";
import type { ViewProps } from "./view-props.ts";
import { WorkloadTable } from "./workload-table.tsx";

/** The name under which the policy of all services is kept. */
const MESH_WIDE = "*";

export function ServiceView(props: ViewProps): VNode {
  const [service = "", tab = ""] = props.place.path;
  const all = service === MESH_WIDE;
  return (
    <>
      <ViewHead title={all ? "All services" : service}>
        <nav class="tabs" aria-label={`About ${all ? "all services" : service}`}>
          {!all && <Tab title="Endpoints" path={[service]} current={tab === ""} />}
          <Tab title="Policy" path={[service, "policy"]} current={all || tab === "policy"} />
        </nav>
      </ViewHead>
      {all || tab === "policy" ? (
        <PolicyView key={service} service={service} view={props.view} />
      ) : (
        <Overview {...props} service={service} />
      )}
    </>
  );
}

function Tab(props: {
  readonly title: string;
  readonly path: readonly string[];
  readonly current: boolean;
}): VNode {
  return (
    <a href={formatPlace("services", props.path)} aria-current={props.current ? "page" : undefined}>
      {props.title}
    </a>
  );
}

function Overview({ view, service }: ViewProps & { readonly service: string }): VNode {
  const edges = view.edges.filter(
    ({ source, destination }) => source === service || destination === service,
  );
  const workloads = view.status.workloads.filter((workload) => workload.service === service);
  return (
    <>
      <Card title="In the catalog">
        <ServiceFacts service={service} view={view} />
      </Card>
      <Endpoints service={service} at={view.at} />
      <Card title="Workloads on this node">
        {workloads.length === 0 ? (
          <Empty title="None runs on this node.">The console of their node shows them.</Empty>
        ) : (
          <WorkloadTable workloads={workloads} now={view.at} />
        )}
      </Card>
      <Card title="Calls">
        {edges.length === 0 ? (
          <Empty title="No calls in the last 30 seconds." />
        ) : (
          <EdgeList edges={edges} />
        )}
      </Card>
    </>
  );
}
