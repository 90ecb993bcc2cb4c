// What an agent knows of its node's set-up, judged. Pure.
import { CLOCK_TOLERANCE } from "../../mesh/clock.ts";
import { formatDuration } from "../../mesh/duration.ts";
import type { ConsulFacts } from "../../registry/consul/facts.ts";
import type { MeshStatus, NodeStatus, WorkloadStatus } from "../status.ts";
import { type Check, failed, fine, warning } from "./check.ts";

export interface AgentFindings {
  readonly status: MeshStatus;
  /** Whether the agent does its work. */
  readonly healthy: boolean;
  /** What Consul says, or why it says nothing; undefined with the embedded catalog. */
  readonly consul: ConsulFacts | { readonly problem: string } | undefined;
  /** How far the engine's clock is ahead of the agent's, ms. */
  readonly engineAhead: number;
  /** Of the services that run here. Wall clock, ms. */
  readonly leaves: readonly LeafFacts[];
  readonly storage: StorageFacts;
  /** Whether a sidecar can take over what waits at the listener of another one: Linux 5.14. */
  readonly migrates: boolean;
  /** Wall clock, ms. */
  readonly now: number;
}

export interface LeafFacts {
  readonly service: string;
  readonly notBefore: number;
  readonly notAfter: number;
}

export interface StorageFacts {
  readonly directory: string;
  /** Why nothing can be written there; undefined: it can. */
  readonly problem: string | undefined;
  readonly freeBytes: number;
}

/** Ms: tokens of end users are judged with as much tolerance. */
const CLOCK_WARNING = 30_000;
/** A renewal comes at half of a certificate's life: with less than this share left, several have failed. */
const LEAST_LIFE = 0.25;
const LEAST_STORAGE = 64 * 2 ** 20;

export function agentChecks(findings: AgentFindings): Check[] {
  return [
    work(findings),
    catalog(findings),
    clocks(findings),
    certificates(findings),
    sidecars(findings.status.workloads),
    interception(findings.status),
    kernel(findings),
    nodes(findings.status.nodes),
    storage(findings.storage),
    ...problems(findings),
  ];
}

function work({ healthy, status }: AgentFindings): Check {
  const { version, node } = status.agent;
  return healthy
    ? fine("work", `agent ${version} on ${node} does its work`)
    : failed(
        "work",
        "the agent has not looked at its node for a minute",
        "see its log; restarting it costs no traffic",
      );
}

function catalog({ consul, status }: AgentFindings): Check {
  if (consul === undefined) return fine("catalog", "embedded: this node alone");
  if ("problem" in consul)
    return failed(
      "consul",
      `Consul does not answer: ${consul.problem}`,
      "see that Consul runs, and that MESH_CONSUL_ADDRESS leads there",
    );
  const { version, datacenter, leader, connectProblem } = consul;
  if (leader === "")
    return failed(
      "consul",
      `Consul ${version} has no leader`,
      "see that most of its servers run and reach each other",
    );
  if (connectProblem !== undefined)
    return failed(
      "consul",
      `Consul ${version} signs no certificates: ${connectProblem}`,
      "enable Connect on its servers (connect { enabled = true }), and let MESH_CONSUL_TOKEN read it",
    );
  if (!status.agent.catalogReachable)
    return warning("consul", `Consul ${version} answers again`, "wait some seconds");
  return fine("consul", `Consul ${version}, datacenter ${datacenter}, with a leader and Connect`);
}

function clocks({ consul, engineAhead, leaves, now }: AgentFindings): Check {
  const ahead = consul !== undefined && "ahead" in consul ? consul.ahead : Number.NaN;
  const issuer = Math.max(0, ...leaves.map(({ notBefore }) => notBefore - now));
  const differences = [
    { whose: "the engine's", by: engineAhead },
    { whose: "the Consul agent's", by: ahead },
    { whose: "the certificates' issuer's", by: issuer },
  ].filter(({ by }) => Math.abs(by) >= CLOCK_WARNING);
  const [largest] = differences.toSorted((a, b) => Math.abs(b.by) - Math.abs(a.by));
  if (largest === undefined) return fine("clocks", "the clocks that can be compared agree");
  const { whose, by } = largest;
  const apart = formatDuration(Math.round(Math.abs(by) / 1_000) * 1_000);
  const found = `${whose} clock is ${apart} ${by > 0 ? "ahead of" : "behind"} the agent's`;
  return Math.abs(by) >= CLOCK_TOLERANCE
    ? failed("clocks", `${found}: certificates are refused`, "set the clocks, by NTP")
    : warning("clocks", found, "set the clocks, by NTP: from 10m on certificates are refused");
}

function certificates({ leaves, status, now }: AgentFindings): Check {
  const ends = "see `docker mesh status` for what keeps certificates from being renewed";
  if (status.agent.trustDomain === undefined)
    return failed("certificates", "there is no authority yet to issue them", ends);
  const left = leaves.map(({ service, notBefore, notAfter }) => ({
    ...{ service, time: notAfter - now },
    share: (notAfter - now) / Math.max(1, notAfter - notBefore),
  }));
  const [first] = left.toSorted((a, b) => a.share - b.share);
  if (first === undefined) return fine("certificates", "none is needed yet");
  if (first.time <= 0) return failed("certificates", `that of ${first.service} has expired`, ends);
  const shown = formatDuration(Math.max(1_000, Math.floor(first.time / 1_000) * 1_000));
  if (first.share < LEAST_LIFE)
    return warning("certificates", `that of ${first.service} ends in ${shown}`, ends);
  const count = leaves.length === 1 ? "1 service" : `${leaves.length} services`;
  return fine("certificates", `${count}, the first to end has ${shown} left`);
}

function sidecars(workloads: readonly WorkloadStatus[]): Check {
  if (workloads.length === 0)
    return fine("sidecars", "no workload runs here: label one with mesh.enable=true");
  const wrong = workloads.filter(({ sidecar }) => sidecar === "failing" || sidecar === "absent");
  if (wrong.length > 0)
    return failed(
      "sidecars",
      wrong.map(({ container, sidecar }) => `that of ${container} is ${sidecar}`).join(", "),
      "see the problems below and the log of the sidecar (`docker logs <container>.mesh-…`)",
    );
  const starting = workloads.filter(({ sidecar }) => sidecar === "starting");
  if (starting.length > 0)
    return warning(
      "sidecars",
      `${starting.map(({ container }) => container).join(", ")}: not ready yet`,
      "wait some seconds; without an application that listens they do not become ready",
    );
  return fine(
    "sidecars",
    `${workloads.length === 1 ? "1 workload has" : `${workloads.length} workloads have`} a sidecar that is ready`,
  );
}

const NFT_FAILED = /expected nft to install the redirection/;

function interception({ workloads, problems: all }: MeshStatus): Check {
  const refused = all.find(({ message }) => NFT_FAILED.test(message));
  if (refused !== undefined)
    return failed(
      "interception",
      refused.message,
      "load the kernel's modules nf_tables, nft_redir and nft_chain_nat, or label the container mesh.intercept=off",
    );
  const led = workloads.filter(
    ({ intercept, sidecar }) => intercept === "on" && sidecar === "ready",
  );
  return led.length === 0
    ? fine("interception", "no workload has needed it yet")
    : fine(
        "interception",
        `installed beside ${led.length === 1 ? "1 workload" : `${led.length} workloads`}`,
      );
}

function kernel({ migrates }: AgentFindings): Check {
  return migrates
    ? fine("kernel", "hands waiting connections over between sidecars")
    : warning(
        "kernel",
        "does not hand waiting connections over: a sidecar that is replaced under load may lose one",
        "use Linux 5.14 or newer",
      );
}

function nodes(known: readonly NodeStatus[]): Check {
  const wrong = known.filter(({ agent }) => agent !== "ready");
  const versions = new Set(known.flatMap(({ agentVersion }) => agentVersion ?? []));
  if (wrong.length > 0)
    return failed(
      "nodes",
      wrong.map(({ node, agent }) => `the agent of ${node} is ${agent}`).join(", "),
      "see docs/swarm.md, and `docker service ps` of the agents' service",
    );
  if (versions.size > 1)
    return warning(
      "nodes",
      `agents of several versions: ${[...versions].sort().join(", ")}`,
      "finish the upgrade: one version more or less is fine for a while",
    );
  return fine("nodes", known.length < 2 ? "this one alone" : `${known.length}, each with an agent`);
}

function storage({ directory, problem, freeBytes }: StorageFacts): Check {
  if (problem !== undefined)
    return failed(
      "storage",
      `nothing can be written to ${directory}: ${problem}`,
      "see that the volume is there, is writable and has room",
    );
  const free = `${Math.round(freeBytes / 2 ** 20)} MiB free`;
  return freeBytes < LEAST_STORAGE
    ? warning("storage", `${directory} has ${free}`, "make room on the engine's disk")
    : fine("storage", `${directory} is writable, ${free}`);
}

/** One line each: their messages say what to do. */
function problems({ status, consul }: AgentFindings): Check[] {
  // What follows from something that is told above is not told again.
  const isAway = consul !== undefined && "problem" in consul;
  const consequences = isAway ? [status.agent.catalog, "certificates"] : [];
  const told = status.problems.filter(
    ({ subject, message }) => !consequences.includes(subject) && !NFT_FAILED.test(message),
  );
  if (told.length === 0) return [fine("problems", "`docker mesh status` shows none besides")];
  return told.map(({ subject, code, message }) =>
    failed("problem", `${subject}: ${message}`, `docs/errors.md says more about ${code}`),
  );
}
