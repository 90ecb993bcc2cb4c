// What the catalog says about a service, in short.
import type { VNode } from "preact";
import type { ConsoleView } from "../../view.ts";
import { troubleOfService } from "../graph/topology.ts";
import { versionShares } from "../model/edges.ts";
import { Badge } from "../parts/badge.tsx";
import { Empty, Facts } from "../parts/sections.tsx";
import { Shares } from "../parts/shares.tsx";

export function ServiceFacts(props: {
  readonly service: string;
  readonly view: ConsoleView;
}): VNode {
  const { service, view } = props;
  const found = view.status.services.find((one) => one.service === service);
  if (found === undefined) {
    return (
      <Empty title={`${service} is not in the catalog.`}>
        Nobody offers it now: its containers have stopped, or they carry another name. A policy that
        was stored for it is kept.
      </Empty>
    );
  }
  const policy = found.policyVersion === 0 ? "none stored" : `version ${found.policyVersion}`;
  const incoming = view.edges.filter(({ destination }) => destination === service);
  return (
    <>
      <Facts
        facts={[
          ["Endpoints", <ServiceHealth key="health" {...found} />],
          ["Protocol", found.protocol],
          ["Ports", found.ports.join(", ")],
          ["Policy", policy],
        ]}
      />
      <Shares title="Versions that callers reach" shares={versionShares(incoming)} />
    </>
  );
}

/** How many of a service's endpoints can be used. */
export function ServiceHealth(props: {
  readonly instances: number;
  readonly passing: number;
}): VNode {
  const { instances, passing } = props;
  if (instances === 0) return <Badge tone="plain">no endpoints</Badge>;
  const trouble = troubleOfService(instances, passing);
  return (
    <Badge tone={trouble === "none" ? "good" : trouble}>
      {passing} of {instances} healthy
    </Badge>
  );
}
