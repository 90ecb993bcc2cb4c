// Who calls whom: the graph, the selected service or call beneath it, and a list in its place where there is too much to draw.
import type { VNode } from "preact";
import { useMemo } from "preact/hooks";
import {
  NODE_LIMIT,
  neighbourhood,
  type Topology,
  weight,
  wholeTopology,
} from "../graph/topology.ts";
import { count } from "../model/format.ts";
import { formatPlace, type Place } from "../model/place.ts";
import { SearchField } from "../parts/search.tsx";
import { Card, Empty, ViewHead } from "../parts/sections.tsx";
import { EdgeDetails } from "./edge-details.tsx";
import { EdgeList } from "./edge-list.tsx";
import { Graph } from "./graph.tsx";
import { ServiceDetails } from "./service-details.tsx";
import type { ViewProps } from "./view-props.ts";

export function TopologyView({ place, view }: ViewProps): VNode {
  const whole = useMemo(() => wholeTopology(view), [view]);
  const { focus = "", service, source, destination } = place.query;
  const known = whole.nodes.some(({ id }) => id === focus);
  const shown = known ? neighbourhood(whole, focus, NODE_LIMIT) : whole;
  const busiest = shown.edges.toSorted((a, b) => weight(b) - weight(a));
  const edge = whole.edges.find((one) => one.source === source && one.destination === destination);
  if (whole.nodes.length === 0) return <NothingYet />;
  return (
    <>
      <ViewHead title="Topology">
        <Focus place={place} whole={whole} focus={known ? focus : ""} />
      </ViewHead>
      <Notes whole={whole} shown={shown} focus={known ? focus : ""} />
      {shown.nodes.length <= NODE_LIMIT && <Graph topology={shown} place={place} />}
      {edge !== undefined && <EdgeDetails edge={edge} place={place} />}
      {edge === undefined && service !== undefined && (
        <ServiceDetails service={service} view={view} place={place} />
      )}
      {edge === undefined && service === undefined && busiest.length > 0 && (
        <Card title="Calls, busiest first">
          <EdgeList edges={busiest} />
        </Card>
      )}
    </>
  );
}

function NothingYet(): VNode {
  return (
    <>
      <ViewHead title="Topology" />
      <Empty title="No service is in the mesh yet.">
        Write the label <code>mesh.enable: "true"</code> to a service of a compose file and run{" "}
        <code>docker compose up -d</code>; it appears here within seconds.
      </Empty>
    </>
  );
}

function Focus(props: {
  readonly place: Place;
  readonly whole: Topology;
  readonly focus: string;
}): VNode {
  return (
    <search class="tools">
      <SearchField
        place={props.place}
        name="focus"
        label="Service and its neighbours"
        placeholder="all services"
        options={props.whole.nodes.map(({ id }) => id)}
      />
      {props.focus !== "" && (
        <a class="button quiet" href={formatPlace("topology")}>
          Show all
        </a>
      )}
    </search>
  );
}

/** What is not drawn, and why. */
function Notes(props: {
  readonly whole: Topology;
  readonly shown: Topology;
  readonly focus: string;
}): VNode | null {
  const { whole, shown, focus } = props;
  if (focus !== "") {
    const hidden = shown.hidden === 0 ? "" : `, without ${shown.hidden} more that call less`;
    const text = `${focus} and ${count(shown.nodes.length - 1, "neighbour")}${hidden}`;
    return <p class="hint">{text}.</p>;
  }
  if (whole.nodes.length <= NODE_LIMIT) return null;
  return (
    <p class="hint">
      {count(whole.nodes.length, "service")} are too many for one picture: name one above to see it
      with its neighbours. These are the busiest calls of {whole.edges.length}.
    </p>
  );
}
