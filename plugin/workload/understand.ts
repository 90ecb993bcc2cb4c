// From the engine's facts and the user's labels to a workload, or to everything that is wrong with the container at once.
import type { NetworkAddress, ServicePort } from "../../mesh/model.ts";
import { isServiceName, normaliseName } from "../../mesh/service-name.ts";
import type { GatewayPorts } from "../../proxy/configuration/gateway.ts";
import type { SwarmService } from "../../registry/swarm-services.ts";
import type { ContainerFacts } from "../docker/container-facts.ts";
import { SWARM_SERVICE_NAME } from "../docker/swarm-facts.ts";
import { parseLabels, type WorkloadLabels } from "../labels/parse.ts";
import type { Problem } from "../status.ts";
import { isSidecarPort, redirectedPorts, SIDECAR_PORTS } from "./addresses.ts";
import type { Workload } from "./workload.ts";

/** Exactly one of the two is there for an enabled container; neither for one that wants no mesh. */
export interface Understanding {
  readonly workload: Workload | undefined;
  readonly problems: readonly Problem[];
}

/** Compose's and Swarm's labels, from which a service gets its default name. */
const COMPOSE = {
  project: "com.docker.compose.project",
  service: "com.docker.compose.service",
  oneOff: "com.docker.compose.oneoff",
} as const;
const SWARM = {
  stack: "com.docker.stack.namespace",
  service: SWARM_SERVICE_NAME,
} as const;

/**
 * A container's labels with those of the service that it is a task of laid over them: what can be changed while the task
 * runs is stronger than what cannot.
 */
export function effectiveLabels(
  facts: ContainerFacts,
  service: SwarmService | undefined,
): Readonly<Record<string, string>> {
  return service === undefined ? facts.labels : { ...facts.labels, ...service.labels };
}

/** `service` is the labelled service of Swarm's of which the container is a task. */
export function understand(facts: ContainerFacts, service?: SwarmService): Understanding {
  const parsed = parseLabels(effectiveLabels(facts, service));
  const problems: Problem[] = parsed.problems.map(({ code, label, message }) => ({
    ...{ subject: facts.name, code },
    message: message + placeOf(label, service),
  }));
  if (!parsed.enabled || parsed.labels === undefined) return { workload: undefined, problems };
  const complain = (code: string, message: string): void => {
    problems.push({ subject: facts.name, code, message });
  };
  const naming = nameService(facts, parsed.labels, complain);
  const ports = choosePorts(facts, parsed.labels, complain);
  const networks = chooseNetworks(facts, parsed.labels, complain);
  if (problems.length > 0) return { workload: undefined, problems };
  return { workload: assemble(facts, parsed.labels, naming, ports, networks), problems };
}

/** A container's labels are where its user looks first. */
function placeOf(label: string, service: SwarmService | undefined): string {
  if (service?.labels[label] === undefined) return "";
  return ` (in deploy.labels of the service ${service.name})`;
}

type Complain = (code: string, message: string) => void;

interface Naming {
  readonly service: string;
  readonly alias: string | undefined;
  readonly project: string | undefined;
}

function assemble(
  facts: ContainerFacts,
  labels: WorkloadLabels,
  naming: Naming,
  ports: readonly ServicePort[],
  networks: readonly NetworkAddress[],
): Workload {
  return {
    ...naming,
    containerId: facts.id,
    containerName: facts.name,
    createdAt: facts.createdAt,
    startedAt: facts.startedAt,
    hostsPath: facts.hostsPath,
    instanceId: `${naming.service}-${facts.id.slice(0, 12)}`,
    version: labels.version,
    ports: ports.map((port, index) => ({ ...port, sidecarPort: SIDECAR_PORTS.tls + index })),
    redirected: redirectedPorts(labels, ports),
    networks,
    mtls: labels.mtls,
    intercept: labels.intercept,
    egress: labels.egress === "allow" ? "allow" : { ...labels.egress, ...facts.surroundings },
    sidecar: labels.sidecar,
    upstreams: labels.upstreams,
    check: labels.check ?? { kind: "tcp" },
    offered: facts.labels[COMPOSE.oneOff] !== "True",
    weight: labels.weight,
    policy: labels.policy,
    ...(labels.gateway === undefined ? {} : asGateway(labels.gateway, labels.trustedProxies)),
  };
}

/** Nobody in the mesh calls it, it has no application, and what it calls it calls itself: there is nothing to redirect. */
function asGateway(
  ports: GatewayPorts,
  trustedProxies: readonly string[],
): Pick<Workload, "gateway" | "offered" | "intercept"> {
  return { gateway: { ports, trustedProxies }, offered: false, intercept: "off" };
}

function nameService(facts: ContainerFacts, labels: WorkloadLabels, complain: Complain): Naming {
  const project = facts.labels[COMPOSE.project] ?? facts.labels[SWARM.stack];
  const swarmName = facts.labels[SWARM.service];
  const local = facts.labels[COMPOSE.service] ?? withoutPrefix(swarmName, project);
  const derived =
    local === undefined ? facts.name : project === undefined ? local : `${project}-${local}`;
  const service = labels.service ?? normaliseName(derived);
  if (!isServiceName(service)) {
    complain(
      "LABEL_INVALID",
      `expected a service name of at most 63 lower-case letters, digits and hyphens, got ${JSON.stringify(service)} from the project and service: set mesh.service`,
    );
  }
  const alias = local === undefined ? undefined : normaliseName(local);
  // Anybody can write Compose's labels by hand, and the alias goes into hosts files.
  return {
    service,
    alias: alias !== undefined && isServiceName(alias) ? alias : undefined,
    project,
  };
}

/** Swarm writes `stack_service`. */
function withoutPrefix(name: string | undefined, prefix: string | undefined): string | undefined {
  return prefix !== undefined && name?.startsWith(`${prefix}_`)
    ? name.slice(prefix.length + 1)
    : name;
}

function choosePorts(
  facts: ContainerFacts,
  labels: WorkloadLabels,
  complain: Complain,
): readonly ServicePort[] {
  if (labels.gateway !== undefined) return gatewayPorts(labels.gateway, complain);
  const ports = labels.ports ?? defaultPort(facts, labels, complain);
  if (ports.length > SIDECAR_PORTS.count) {
    complain(
      "LABEL_INVALID",
      `label mesh.ports: expected at most ${SIDECAR_PORTS.count} ports, got ${ports.length}`,
    );
  }
  for (const { port } of ports) refuseSidecarPort(port, complain);
  return ports;
}

function refuseSidecarPort(port: number, complain: Complain): void {
  if (!isSidecarPort(port)) return;
  complain(
    "LABEL_CONFLICT",
    `port ${port}: expected a port outside ${SIDECAR_PORTS.tls}–${SIDECAR_PORTS.plaintext + SIDECAR_PORTS.count - 1}, which the sidecar uses: let the application listen elsewhere`,
  );
}

/** The ports of a gateway are for clients outside the mesh; to those within it has none. */
function gatewayPorts({ http, https }: GatewayPorts, complain: Complain): readonly ServicePort[] {
  for (const port of [http, https]) if (port !== undefined) refuseSidecarPort(port, complain);
  return [];
}

function defaultPort(
  facts: ContainerFacts,
  labels: WorkloadLabels,
  complain: Complain,
): ServicePort[] {
  const port = labels.port ?? (facts.exposedPorts.length === 1 ? facts.exposedPorts[0] : undefined);
  if (port !== undefined) return [{ name: labels.protocol, port, protocol: labels.protocol }];
  const found = facts.exposedPorts.length === 0 ? "none" : facts.exposedPorts.join(", ");
  complain(
    "LABEL_INVALID",
    `label mesh.port: expected it to be set, since the image exposes not one port but ${found}`,
  );
  return [];
}

function chooseNetworks(
  facts: ContainerFacts,
  labels: WorkloadLabels,
  complain: Complain,
): readonly NetworkAddress[] {
  if (facts.networkMode.startsWith("container:")) {
    complain(
      "LABEL_CONFLICT",
      "shares another container's network (network_mode), whose ports would clash with its own: put the mesh labels on that container",
    );
  } else if (facts.networks.length === 0) {
    complain(
      "LABEL_CONFLICT",
      `expected a network of its own, found network mode ${JSON.stringify(facts.networkMode)}`,
    );
  }
  if (labels.network === undefined) return facts.networks;
  const project = facts.labels[COMPOSE.project] ?? facts.labels[SWARM.stack];
  const wanted = new Set([labels.network, `${project}_${labels.network}`]);
  const preferred = facts.networks.filter(({ networkName }) => wanted.has(networkName));
  if (preferred.length === 0) {
    const names = facts.networks.map(({ networkName }) => networkName).join(", ") || "none";
    complain(
      "LABEL_INVALID",
      `label mesh.network: expected a network of this container (${names}), got ${JSON.stringify(labels.network)}`,
    );
  }
  return [...preferred, ...facts.networks.filter((network) => !preferred.includes(network))];
}
