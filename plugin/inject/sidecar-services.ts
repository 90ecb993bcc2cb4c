// The services of Compose that stand for one workload's sidecar and for the redirection, as lines of YAML: what the agent
// would create itself (`docker/sidecar-container.ts`), as far as a file can say it.
import { SIDECAR_ENVIRONMENT } from "../../proxy/configuration/snapshot.ts";
import { OWN_LABELS } from "../docker/container-facts.ts";
import { interceptionRules } from "../docker/interception-rules.ts";
import {
  PROCESSOR_SHARES,
  SIDECAR_ALLOCATOR,
  SIDECAR_COMMAND,
} from "../docker/sidecar-container.ts";
import type { WorkloadLabels } from "../labels/parse.ts";
import { RUN_DIRECTORY, SIDECAR_SOCKET } from "../places.ts";
import { AGENT_VERSION } from "../version.ts";
import { redirectedPorts } from "../workload/addresses.ts";

/** The key of the volume with the agent's socket in a file's `volumes`. */
export const SOCKET_VOLUME = "docker-mesh-run";

/** As compose/mesh.yaml has it. */
const IMAGE = `$\{MESH_IMAGE:-docker-mesh/mesh:${AGENT_VERSION}}`;

export interface InjectedService {
  readonly name: string;
  readonly labels: WorkloadLabels;
  readonly profiles: readonly string[];
}

/** The names of the services that are put beside one. */
export function addedNames({ name, labels }: Pick<InjectedService, "name" | "labels">): string[] {
  return labels.intercept === "on" ? [`${name}-mesh`, `${name}-mesh-init`] : [`${name}-mesh`];
}

/** Lines without indentation. */
export function addedServices(service: InjectedService): readonly string[] {
  return [
    ...sidecarService(service),
    ...(service.labels.intercept === "on" ? initService(service) : []),
  ];
}

export function socketVolume(): readonly string[] {
  return [
    `${SOCKET_VOLUME}:`,
    "  # Of the mesh's own project, which docker compose -f compose/mesh.yaml up makes.",
    "  external: true",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: for Compose to fill in
    "  name: ${MESH_RUN_VOLUME:-mesh_run}",
  ];
}

function sidecarService(service: InjectedService): string[] {
  return [
    `${service.name}-mesh:`,
    ...indented([
      ...shared(service, "sidecar"),
      `command: ${flowList(SIDECAR_COMMAND)}`,
      ...(service.labels.intercept === "on" ? afterInit(service.name) : []),
      "restart: unless-stopped",
      "stop_grace_period: 10s",
      "pids_limit: 64",
      `cpu_shares: ${PROCESSOR_SHARES}`,
      "environment:",
      `  ${SIDECAR_ENVIRONMENT.socket}: ${SIDECAR_SOCKET}`,
      "  # The application's, shared with it; with a read-only root the engine makes it read-only, too.",
      `  ${SIDECAR_ENVIRONMENT.hosts}: /etc/hosts`,
      `  ${SIDECAR_ALLOCATOR.name}: "${SIDECAR_ALLOCATOR.value}"`,
      "volumes:",
      `  - ${SOCKET_VOLUME}:${RUN_DIRECTORY}:ro`,
    ]),
  ];
}

/** So that "docker compose up --wait" takes its end for a good one. */
function afterInit(name: string): string[] {
  return ["depends_on:", `  ${name}-mesh-init: { condition: service_completed_successfully }`];
}

/** Installs the redirection and ends; the only one with a capability. */
function initService(service: InjectedService): string[] {
  const { mtls, intercept, port, ports = [] } = service.labels;
  const all = port === undefined ? ports : [{ port }];
  const redirected = redirectedPorts({ mtls, intercept }, all);
  const rules = interceptionRules({ mtls, redirected, egress: "allow" });
  return [
    `${service.name}-mesh-init:`,
    ...indented([
      ...shared(service, "init"),
      "read_only: true",
      "cap_add: [NET_ADMIN]",
      "pids_limit: 16",
      "command:",
      "  - nft",
      "  - |-",
      ...rules.split("\n").map((line) => `    ${line}`),
    ]),
  ];
}

function shared({ name, profiles }: InjectedService, role: "sidecar" | "init"): string[] {
  return [
    `image: ${IMAGE}`,
    ...(profiles.length === 0 ? [] : [`profiles: ${flowList(profiles)}`]),
    `network_mode: "service:${name}"`,
    "labels:",
    `  ${OWN_LABELS.explicit}: ${role}`,
    `  ${OWN_LABELS.version}: ${AGENT_VERSION}`,
    'user: "0:0"',
    "cap_drop: [ALL]",
    'security_opt: ["no-new-privileges:true"]',
    'logging: { driver: json-file, options: { max-size: 5m, max-file: "2" } }',
  ];
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`);
}

function flowList(entries: readonly string[]): string {
  return `[${entries.map((entry) => JSON.stringify(entry)).join(", ")}]`;
}
