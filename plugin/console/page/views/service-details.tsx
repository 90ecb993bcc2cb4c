// One service, beneath the graph: in short, with ways to everything about it.
import type { VNode } from "preact";
import type { ConsoleView } from "../../view.ts";
import { OUTSIDE } from "../graph/topology.ts";
import { formatPlace, type Place } from "../model/place.ts";
import { Details, Empty } from "../parts/sections.tsx";
import { EdgeList } from "./edge-list.tsx";
import { ServiceFacts } from "./service-facts.tsx";

export function ServiceDetails(props: {
  readonly service: string;
  readonly view: ConsoleView;
  readonly place: Place;
}): VNode {
  const { service, view, place } = props;
  const edges = view.edges.filter(
    ({ source, destination }) => source === service || destination === service,
  );
  const { focus } = place.query;
  const title = service === OUTSIDE ? "Outside the mesh" : service;
  return (
    <Details title={title} close={formatPlace("topology", [], { focus })}>
      {service === OUTSIDE ? (
        <p>Callers without a sidecar, such as those that come through published ports.</p>
      ) : (
        <>
          <ServiceFacts service={service} view={view} />
          <p class="links">
            <a href={formatPlace("services", [service])}>Endpoints and workloads</a>
            <a href={formatPlace("services", [service, "policy"])}>Policy</a>
            <a href={formatPlace("tap", [], { service })}>Live requests</a>
            <a href={formatPlace("topology", [], { focus: service, service })}>
              Only its neighbours
            </a>
          </p>
        </>
      )}
      {edges.length === 0 ? (
        <Empty title="No calls in the last 30 seconds." />
      ) : (
        <EdgeList edges={edges} />
      )}
    </Details>
  );
}
