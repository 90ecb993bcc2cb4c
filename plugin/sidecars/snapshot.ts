// Puts one sidecar's snapshot together. Pure; a snapshot exists only when nothing in it is missing.
import { createHash } from "node:crypto";
import type { Protocol } from "../../mesh/model.ts";
import type { PolicyDocument } from "../../mesh/policy/document.ts";
import type { Gateway } from "../../proxy/configuration/gateway.ts";
import type { Observation } from "../../proxy/configuration/observed-request.ts";
import type {
  ApplicationCheck,
  InboundPort,
  OutboundService,
  OutsideHost,
  OwnIntentions,
  Snapshot,
} from "../../proxy/configuration/snapshot.ts";
import type { Leaf, TrustBundle } from "../certificates/authority.ts";
import { egressPlace } from "../workload/addresses.ts";
import type { Workload } from "../workload/workload.ts";
import { digestOf } from "./snapshot-lines.ts";

export interface SnapshotParts {
  readonly workload: Workload;
  readonly leaf: Leaf;
  readonly bundle: TrustBundle;
  readonly outbound: readonly OutboundService[];
  readonly draining: boolean;
  /** Of the workload's own service. */
  readonly policy: PolicyDocument;
  readonly intentions: OwnIntentions;
  readonly jwks: string | undefined;
  /** Of a gateway. */
  readonly gateway?: Gateway | undefined;
  /** Undefined where nothing is wanted of single requests. */
  readonly observation?: Observation | undefined;
}

export function buildSnapshot(parts: SnapshotParts): Snapshot {
  const { workload, leaf, bundle, outbound, draining, policy, intentions, jwks } = parts;
  const { observation, gateway } = parts;
  const content = {
    service: workload.service,
    instanceId: workload.instanceId,
    certificates: {
      certificateChain: leaf.certificateChain,
      privateKey: leaf.privateKey,
      uri: leaf.uri,
      roots: bundle.roots,
      trustDomain: bundle.trustDomain,
      notAfter: leaf.notAfter,
    },
    inbound: inboundPorts(workload),
    policy,
    intentions,
    jwks,
    egress: outsideHosts(workload),
    draining,
    observation,
    gateway,
  };
  const digests = outbound.map((service) => digestOf(service)).join("");
  const hash = createHash("sha256").update(JSON.stringify(content)).update(digests);
  return { version: hash.digest("hex").slice(0, 16), ...content, outbound };
}

/** Undefined where the application may call anybody. */
function outsideHosts({ egress }: Workload): OutsideHost[] | undefined {
  if (egress === "allow") return undefined;
  return egress.hosts.map((host) => ({ ...host, listen: egressPlace(host.port) }));
}

function inboundPorts(workload: Workload): InboundPort[] {
  return workload.ports.map(({ name, port, protocol, sidecarPort }) => ({
    name,
    protocol,
    applicationPort: port,
    tlsPort: sidecarPort,
    plaintextPort: workload.redirected.find((redirected) => redirected.port === port)
      ?.plaintextPort,
    check: fits(workload.check, protocol) ? workload.check : { kind: "tcp" },
  }));
}

/** Whether the port may understand the question. Behind `auto` may be anything, but who asks so expects that it is. */
function fits({ kind }: ApplicationCheck, protocol: Protocol): boolean {
  if (kind === "http") return protocol === "http" || protocol === "auto";
  if (kind === "grpc") return protocol !== "http" && protocol !== "tcp";
  return true;
}
