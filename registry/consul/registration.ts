// An instance as Consul keeps it, and back: a service and the `connect-proxy` that stands before it. Pure.
// What Consul has a field for stands there (callers that are not ours read it); the whole instance stands in the
// service's metadata, since that is what we read back. Limits: 64 pairs, keys of 128 and values of 512 characters.
import { formatDuration } from "../../mesh/duration.ts";
import { MeshError } from "../../mesh/errors.ts";
import {
  type Instance,
  type NetworkAddress,
  PROTOCOLS,
  type WorkloadPort,
} from "../../mesh/model.ts";
import { formatPolicy, parsePolicy } from "./policy-metadata.ts";
import type {
  CheckDefinition,
  ConsulStatus,
  RegisteredService,
  ServiceDefinition,
} from "./types.ts";

/** The tag that every service of the mesh carries; sidecars do not, so that it finds services only. */
export const MESH_TAG = "mesh";

const MAXIMUM_PAIRS = 64;
const MAXIMUM_VALUE = 512;
const MAXIMUM_WEIGHT = 1000;

export interface CheckTimes {
  /** Within which a health must be repeated, ms. */
  readonly timeToLive: number;
  /** After which Consul forgets a critical service, ms; Consul allows no less than a minute. */
  readonly deregisterAfter: number;
}

export interface Registration {
  readonly service: ServiceDefinition;
  readonly sidecar: ServiceDefinition;
}

export function sidecarId(instanceId: string): string {
  return `${instanceId}-sidecar-proxy`;
}

/** The check that carries what the sidecar's probe says of the application. */
export function serviceCheckId(instanceId: string): string {
  return `${instanceId}:application`;
}

/** The check that callers outside the mesh see on the sidecar. */
export function sidecarCheckId(instanceId: string): string {
  return `${instanceId}:sidecar`;
}

/**
 * Both definitions of an instance. `status` counts only for checks that Consul does not have yet.
 * Throws CATALOG_REFUSED for an instance that is too large for Consul's metadata.
 */
export function toRegistration(
  instance: Instance,
  times: CheckTimes,
  status: ConsulStatus,
): Registration {
  const [port] = instance.ports;
  const [network] = instance.networks;
  if (port === undefined || network === undefined)
    throw new MeshError(
      "CATALOG_REFUSED",
      `expected at least one port and one network of ${instance.id}, got ${instance.ports.length} and ${instance.networks.length}`,
    );
  const weights = { Weights: { Passing: instance.weight, Warning: instance.weight } };
  const check = (id: string, name: string): CheckDefinition => ({
    CheckID: id,
    Name: name,
    TTL: formatDuration(times.timeToLive),
    Status: status,
    DeregisterCriticalServiceAfter: formatDuration(times.deregisterAfter),
  });
  return {
    service: {
      ID: instance.id,
      Name: instance.service,
      Tags: [MESH_TAG, ...(instance.version === undefined ? [] : [`version=${instance.version}`])],
      Address: network.address,
      Port: port.port,
      Meta: toMeta(instance),
      ...weights,
      Checks: [check(serviceCheckId(instance.id), "service health as the sidecar's probe sees it")],
    },
    sidecar: {
      Kind: "connect-proxy",
      ID: sidecarId(instance.id),
      Name: `${instance.service}-sidecar-proxy`,
      Tags: [],
      Address: network.address,
      Port: port.sidecarPort,
      Meta: { "mesh-node": instance.node, "mesh-container": instance.containerId },
      ...weights,
      Proxy: {
        DestinationServiceName: instance.service,
        DestinationServiceID: instance.id,
        LocalServiceAddress: "127.0.0.1",
        LocalServicePort: port.port,
      },
      Checks: [check(sidecarCheckId(instance.id), "mesh sidecar")],
    },
  };
}

/** The instance in a service's metadata; undefined for a service that the mesh did not write or that someone changed. */
export function fromService(service: RegisteredService): Instance | undefined {
  const meta = service.Meta ?? {};
  const node = meta["mesh-node"];
  const containerId = meta["mesh-container"];
  const containerName = meta["mesh-container-name"];
  const ports = parsePorts(meta["mesh-ports"] ?? "");
  const networks = parseNetworks(meta);
  if (node === undefined || containerId === undefined || containerName === undefined)
    return undefined;
  if (ports === undefined || networks === undefined) return undefined;
  return {
    id: service.ID,
    service: service.Service,
    alias: meta["mesh-alias"],
    project: meta["mesh-project"],
    version: meta["mesh-version"],
    weight: parseWeight(meta["mesh-weight"]),
    policy: parsePolicy(meta),
    createdAt: parseCreatedAt(meta["mesh-created"]),
    node,
    containerId,
    containerName,
    ports,
    networks,
  };
}

// What is as it is without being said is left out: the defaults, and what the instance does not have.
function toMeta(instance: Instance): Readonly<Record<string, string>> {
  const { weight, createdAt } = instance;
  const pairs: readonly (readonly [string, string | undefined])[] = [
    ["mesh-node", instance.node],
    ["mesh-container", instance.containerId],
    ["mesh-container-name", instance.containerName],
    ["mesh-project", instance.project],
    ["mesh-alias", instance.alias],
    ["mesh-version", instance.version],
    ["mesh-weight", weight === 1 ? undefined : String(weight)],
    ["mesh-created", createdAt === 0 ? undefined : String(createdAt)],
    ["mesh-ports", instance.ports.map(formatPort).join(",")],
    ...instance.networks.map(
      (network, index) => [`mesh-network-${index + 1}`, formatNetwork(network)] as const,
    ),
  ];
  const meta = pairs.filter((pair): pair is [string, string] => pair[1] !== undefined);
  const tooLong = meta.find(([, value]) => Buffer.byteLength(value) > MAXIMUM_VALUE);
  if (tooLong !== undefined || meta.length > MAXIMUM_PAIRS)
    throw new MeshError(
      "CATALOG_REFUSED",
      `expected at most ${MAXIMUM_VALUE} bytes a value and ${MAXIMUM_PAIRS} values in the metadata of ${instance.id}, ` +
        `got ${tooLong === undefined ? `${meta.length} values` : `${Buffer.byteLength(tooLong[1])} bytes in ${tooLong[0]}`}`,
    );
  const policy = formatPolicy(instance.policy, MAXIMUM_VALUE);
  if (meta.length + policy.length > MAXIMUM_PAIRS)
    throw new MeshError(
      "CATALOG_REFUSED",
      `expected the labels about policy of ${instance.id} to fit into ${MAXIMUM_PAIRS - meta.length} values ` +
        `of ${MAXIMUM_VALUE} bytes in its metadata, got ${policy.length}`,
    );
  return Object.fromEntries([...meta, ...policy]);
}

// Written by mistake or by somebody else: the copy counts like any other.
function parseWeight(text: string | undefined): number {
  const weight = /^\d{1,4}$/.test(text ?? "") ? Number(text) : 1;
  return weight >= 1 && weight <= MAXIMUM_WEIGHT ? weight : 1;
}

function parseCreatedAt(text: string | undefined): number {
  return /^\d{1,15}$/.test(text ?? "") ? Number(text) : 0;
}

function formatPort(port: WorkloadPort): string {
  return `${port.name}:${port.port}/${port.protocol}:${port.sidecarPort}`;
}

const PORT = /^([^:/,]+):(\d{1,5})\/([a-z0-9]+):(\d{1,5})$/;

function parsePorts(text: string): readonly WorkloadPort[] | undefined {
  const ports = text.split(",").map(parsePort);
  const known = ports.filter((port) => port !== undefined);
  return known.length === ports.length ? known : undefined;
}

function parsePort(text: string): WorkloadPort | undefined {
  const [, name, port, word, sidecarPort] = PORT.exec(text) ?? [];
  const protocol = PROTOCOLS.find((known) => known === word);
  if (name === undefined || protocol === undefined) return undefined;
  return { name, port: Number(port), protocol, sidecarPort: Number(sidecarPort) };
}

// The name comes last, since the engine lets it hold anything; id and address hold no spaces.
function formatNetwork(network: NetworkAddress): string {
  return `${network.address} ${network.networkId} ${network.networkName}`;
}

const NETWORK = /^(\S+) (\S+) (.*)$/s;

function parseNetworks(
  meta: Readonly<Record<string, string>>,
): readonly NetworkAddress[] | undefined {
  const networks: NetworkAddress[] = [];
  for (let number = 1; ; number += 1) {
    const text = meta[`mesh-network-${number}`];
    if (text === undefined) return networks.length === 0 ? undefined : networks;
    const [, address, networkId, networkName] = NETWORK.exec(text) ?? [];
    if (address === undefined || networkId === undefined || networkName === undefined)
      return undefined;
    networks.push({ networkId, networkName, address });
  }
}
