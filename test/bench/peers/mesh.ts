// Our sidecars, as the image runs them: the bundle on the locked Node, configured by an agent's socket.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { SIDECAR_ALLOCATOR, SIDECAR_NODE_FLAGS } from "../../../plugin/docker/sidecar-container.ts";
import {
  type InboundPort,
  type OutboundService,
  SIDECAR_ENVIRONMENT,
  type Snapshot,
} from "../../../proxy/configuration/snapshot.ts";
import { AgentStub } from "../../helpers/agent-stub.ts";
import { uriOf } from "../../helpers/certificates.ts";
import { eventually } from "../../helpers/eventually.ts";
import { endpoint, NO_POLICY } from "../../helpers/plans.ts";
import { CALLEE, CALLER } from "../certificate-files.ts";
import type { Peer, Program } from "../peer.ts";
import type { Site } from "../site.ts";

/** The folder of the mesh's bundled programs in the surroundings' folder. */
export const BUNDLES = "programs";

/** Many sidecars that start at once share one core. */
const READY = { timeout: 30_000 };

export type SidecarParts = Partial<
  Pick<Snapshot, "inbound" | "outbound" | "policy" | "observation">
>;

/** An agent that waits with a snapshot, and the environment of the sidecar that will ask it. */
export interface Prepared {
  readonly agent: AgentStub;
  /** What the agent has published. */
  readonly snapshot: Snapshot;
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** `entry` is another sidecar's entry file in place of the one of this clone. */
export async function prepareSidecar(
  site: Site,
  service: string,
  parts: SidecarParts,
  entry: string = "",
): Promise<Prepared> {
  const { folder, nodeFlags } = site.surroundings;
  const agent = new AgentStub(join(site.folder, `${service}.sock`));
  await agent.start();
  site.defer(() => agent.stop());
  const snapshot: Snapshot = {
    ...{
      version: "1",
      service,
      instanceId: `${service}-0123456789ab`,
      draining: false,
      ...NO_POLICY,
    },
    certificates: await site.certificates.authority.certificatesFor(service),
    ...{ inbound: [], outbound: [] },
    ...parts,
  };
  agent.publish(snapshot);
  const hosts = join(site.folder, `${service}.hosts`);
  await writeFile(hosts, "127.0.0.1\tlocalhost\n");
  return {
    ...{ agent, snapshot },
    command: [
      process.execPath,
      ...SIDECAR_NODE_FLAGS,
      ...nodeFlags,
      entry || join(folder, BUNDLES, "sidecar.cjs"),
    ],
    environment: {
      [SIDECAR_ENVIRONMENT.socket]: agent.socket,
      [SIDECAR_ENVIRONMENT.token]: agent.token,
      [SIDECAR_ENVIRONMENT.hosts]: hosts,
      [SIDECAR_ENVIRONMENT.logLevel]: "warn",
      [SIDECAR_ALLOCATOR.name]: SIDECAR_ALLOCATOR.value,
      NODE_ENV: "production",
    },
  };
}

/** Waits until the sidecar has said that all is open and nothing is wrong. */
export async function ready({ agent }: Prepared): Promise<void> {
  await eventually(() => {
    const report = agent.lastReport;
    if (report?.ready !== true || report.problems.length > 0) {
      throw new Error(`the sidecar is not ready: ${JSON.stringify(report)}`);
    }
  }, READY);
}

export async function inboundPort(site: Site): Promise<InboundPort> {
  return {
    ...{ name: "http", protocol: "http", applicationPort: site.backendPort },
    ...{ tlsPort: await site.port(), plaintextPort: await site.port(), check: { kind: "none" } },
  };
}

export async function outboundService(site: Site, tlsPort: number): Promise<OutboundService> {
  const callee = endpoint({ id: `${CALLEE}-0123456789ab`, address: "127.0.0.1", port: tlsPort });
  return {
    ...{ service: CALLEE, names: [CALLEE], policy: {}, address: "127.0.0.1", uri: uriOf(CALLEE) },
    ports: [{ port: 8080, listenPort: await site.port(), protocol: "http", endpoints: [callee] }],
  };
}

async function startHop(site: Site, entry: string): Promise<number> {
  const inbound = await inboundPort(site);
  const callee = await prepareSidecar(site, CALLEE, { inbound: [inbound] }, entry);
  site.start(callee.command, callee.environment);
  await ready(callee);
  const port = inbound.plaintextPort ?? 0;
  await site.accepting(port);
  return port;
}

async function startPair(
  site: Site,
  entry: string,
  callerEnvironment: Readonly<Record<string, string>> = {},
  { policy = {}, ...parts }: SidecarParts = {},
): Promise<number> {
  const inbound = await inboundPort(site);
  const outbound = { ...(await outboundService(site, inbound.tlsPort)), policy };
  const ofCallee = { ...parts, policy, inbound: [inbound] };
  const callee = await prepareSidecar(site, CALLEE, ofCallee, entry);
  const caller = await prepareSidecar(site, CALLER, { ...parts, outbound: [outbound] }, entry);
  site.start(callee.command, callee.environment);
  site.start(caller.command, { ...caller.environment, ...callerEnvironment });
  await Promise.all([ready(callee), ready(caller)]);
  const port = outbound.ports[0]?.listenPort ?? 0;
  await site.accepting(port);
  return port;
}

export const meshHop: Peer = {
  name: "mesh hop",
  shape: "hop",
  program: undefined,
  start: startHop,
};

export const meshPair: Peer = {
  name: "mesh pair",
  shape: "pair",
  program: undefined,
  start: startPair,
};

export const meshPairHttp1: Peer = {
  name: "mesh h1 pair",
  shape: "pair",
  program: undefined,
  start: (site, entry) => startPair(site, entry, { [SIDECAR_ENVIRONMENT.links]: "off" }),
};

/** With traces of one request in a hundred, and a log of those that fail. */
export const meshPairObserved: Peer = {
  name: "mesh observed pair",
  shape: "pair",
  program: undefined,
  start: (site, entry) =>
    startPair(
      site,
      entry,
      {},
      {
        policy: { "traces.share": "1", "logs.requests": "errors" },
        observation: { traces: true, tap: false },
      },
    ),
};

/** Another state of this project beside this one, in the same run: what a change has brought. */
const OTHER: Program = {
  name: "docker-mesh-sidecar",
  variable: "MESH_BENCH_OTHER",
  install: "git worktree add <folder> <commit>, then MESH_BENCH_OTHER=<folder>/proxy/sidecar.ts",
  versionOption: "",
};

export const otherHop: Peer = { ...meshHop, name: "other hop", program: OTHER };

export const otherPair: Peer = { ...meshPair, name: "other pair", program: OTHER };
