// Every service of the catalog.
import type { VNode } from "preact";
import { useMemo } from "preact/hooks";
import type { ConsoleView } from "../../view.ts";
import { ERRORS } from "../graph/topology.ts";
import { matching } from "../model/filters.ts";
import { count, formatMilliseconds, formatRate, formatShare, NONE } from "../model/format.ts";
import { formatPlace } from "../model/place.ts";
import { type IncomingTraffic, incomingTraffic } from "../model/services.ts";
import { Badge } from "../parts/badge.tsx";
import { SearchField } from "../parts/search.tsx";
import { Empty, ViewHead } from "../parts/sections.tsx";
import { type Column, Table } from "../parts/table.tsx";
import { ServiceHealth } from "./service-facts.tsx";
import type { ViewProps } from "./view-props.ts";

type Row = ConsoleView["status"]["services"][number] & IncomingTraffic;

const COLUMNS: readonly Column<Row>[] = [
  {
    title: "Service",
    cell: ({ service }) => <a href={formatPlace("services", [service])}>{service}</a>,
  },
  { title: "Endpoints", cell: (row) => <ServiceHealth {...row} /> },
  { title: "Protocol", cell: ({ protocol, ports }) => `${protocol} ${ports.join(", ")}` },
  { title: "Requests", numeric: true, cell: ({ rate }) => formatRate(rate) },
  { title: "Errors", numeric: true, cell: errors },
  { title: "p99", numeric: true, cell: ({ p99 }) => formatMilliseconds(p99) },
  {
    title: "Policy",
    cell: ({ service, policyVersion }) => (
      <a href={formatPlace("services", [service, "policy"])}>
        {policyVersion === 0 ? "defaults and labels" : `version ${policyVersion}`}
      </a>
    ),
  },
];

export function ServicesView({ place, view }: ViewProps): VNode {
  const rows = useMemo(() => {
    const traffic = incomingTraffic(view.edges);
    const quiet: IncomingTraffic = { rate: 0, errorShare: 0, p99: 0 };
    return view.status.services.map((service) => ({
      ...service,
      ...(traffic.get(service.service) ?? quiet),
    }));
  }, [view]);
  const found = matching(rows, place.query["search"] ?? "", ({ service, protocol }) => [
    service,
    protocol,
  ]);
  return (
    <>
      <ViewHead title="Services">
        <search class="tools">
          <SearchField place={place} name="search" label="Search" placeholder="name or protocol" />
          <a class="button quiet" href={formatPlace("services", ["*", "policy"])}>
            Policy of all services
          </a>
        </search>
      </ViewHead>
      {rows.length === 0 && (
        <Empty title="The catalog has no service of the mesh.">
          Write the label <code>mesh.enable: "true"</code> to a service of a compose file and run{" "}
          <code>docker compose up -d</code>.
        </Empty>
      )}
      {rows.length > 0 && found.length === 0 && (
        <Empty title={`None of ${count(rows.length, "service")} fits.`}>Search for less.</Empty>
      )}
      {found.length > 0 && (
        <Table label="Services" columns={COLUMNS} rows={found} keyOf={({ service }) => service} />
      )}
    </>
  );
}

function errors({ rate, errorShare }: Row): VNode {
  if (rate === 0) return <>{NONE}</>;
  const text = formatShare(errorShare);
  if (errorShare < ERRORS.warning) return <>{text}</>;
  return <Badge tone={errorShare < ERRORS.bad ? "warning" : "bad"}>{text}</Badge>;
}
