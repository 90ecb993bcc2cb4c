// A small mesh: sidecars of callers, each a process with an agent's socket of its own, and those of the replicas of one
// service, whose applications can be told how to behave. Everything ends with it.
import type { PolicyDocument } from "../../../mesh/policy/document.ts";
import type { EndpointReport, Snapshot } from "../../../proxy/configuration/snapshot.ts";
import { uriOf } from "../../helpers/certificates.ts";
import { eventually } from "../../helpers/eventually.ts";
import { endpoint } from "../../helpers/plans.ts";
import { CALLEE, CALLER } from "../certificate-files.ts";
import { inboundPort, type Prepared, prepareSidecar, ready } from "../peers/mesh.ts";
import { takePort } from "../ports.ts";
import { Site, type Surroundings } from "../site.ts";
import { Child } from "./child.ts";
import type { FromApplications, Mood, ToApplications } from "./messages.ts";

const IN_FORCE = { timeout: 10_000, interval: 2 };

export interface ClusterSize {
  readonly callers: number;
  readonly replicas: number;
  /** Of the service, as its callers follow it; what is not said is as it is by default. */
  readonly policy: PolicyDocument;
}

/** One sidecar, and what its agent says to it. */
export class Member {
  readonly #prepared: Prepared;
  #snapshot: Snapshot;
  #versions = 1;

  constructor(prepared: Prepared) {
    this.#prepared = prepared;
    this.#snapshot = prepared.snapshot;
  }

  get snapshot(): Snapshot {
    return this.#snapshot;
  }

  /** Says it; the sidecar follows as soon as it can. Returns the version. */
  publish(parts: Partial<Snapshot>): string {
    this.#versions += 1;
    const version = `${this.#versions}`;
    this.#snapshot = { ...this.#snapshot, ...parts, version };
    this.#prepared.agent.publish(this.#snapshot);
    return version;
  }

  /** Says it, and waits until the sidecar reports that it is in force. */
  async configure(parts: Partial<Snapshot>): Promise<void> {
    const version = this.publish(parts);
    await eventually(() => {
      const report = this.#prepared.agent.lastReport;
      if (report?.version !== version || report.problems.length > 0) {
        throw new Error(`expected version ${version} in force, got ${JSON.stringify(report)}`);
      }
    }, IN_FORCE);
  }

  /** How a replica is, by the last report of this caller. */
  endpoint(replica: number): EndpointReport | undefined {
    const reported = this.#prepared.agent.lastReport?.endpoints ?? [];
    return reported.find(({ id }) => id === endpointId(replica));
  }
}

/** A caller's sidecar, and the port of 127.0.0.1 where its application would call the service. */
export interface Caller {
  readonly member: Member;
  readonly port: number;
}

export class Cluster implements AsyncDisposable {
  readonly callers: readonly Caller[];
  readonly replicas: readonly Member[];
  readonly #applications: Child<ToApplications, FromApplications>;
  readonly #resources: AsyncDisposableStack;

  private constructor(
    callers: readonly Caller[],
    replicas: readonly Member[],
    applications: Child<ToApplications, FromApplications>,
    resources: AsyncDisposableStack,
  ) {
    this.callers = callers;
    this.replicas = replicas;
    this.#applications = applications;
    this.#resources = resources;
  }

  static async start(
    surroundings: Surroundings,
    name: string,
    { callers, replicas, policy }: ClusterSize,
  ): Promise<Cluster> {
    await using resources = new AsyncDisposableStack();
    const ports = await Promise.all(Array.from({ length: replicas }, takePort));
    const applications = resources.use(
      new Child<ToApplications, FromApplications>("applications", ports.map(String)),
    );
    await applications.next("listening");
    const site = async (part: string, backendPort: number): Promise<Site> =>
      resources.use(await Site.create({ ...surroundings, backendPort }, `${name}-${part}`));
    const callees = await Promise.all(
      ports.map(async (port, index) => startReplica(await site(`r${index}`, port))),
    );
    const calling = await Promise.all(
      Array.from({ length: callers }, async (_, index) => {
        const tlsPorts = callees.map(({ tlsPort }) => tlsPort);
        return startCaller(await site(`c${index}`, 0), tlsPorts, policy);
      }),
    );
    const members = callees.map(({ member }) => member);
    return new Cluster(calling, members, applications, resources.move());
  }

  /** The first caller's sidecar, and where it is called. */
  get caller(): Caller {
    const [first] = this.callers;
    if (first === undefined) throw new Error("expected a caller, found none");
    return first;
  }

  async setMood(mood: Mood): Promise<void> {
    this.#applications.send({ kind: "mood", mood });
    await this.#applications.next("changed");
  }

  /** By replica, wall clock in ms; those since it was asked last. */
  async takeArrivals(): Promise<readonly (readonly number[])[]> {
    this.#applications.send({ kind: "take" });
    return (await this.#applications.next("arrivals")).arrivals;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }
}

function endpointId(replica: number): string {
  return `${CALLEE}-replica-${replica}`;
}

async function startReplica(site: Site): Promise<{ member: Member; tlsPort: number }> {
  const inbound = await inboundPort(site);
  const prepared = await prepareSidecar(site, CALLEE, { inbound: [inbound] });
  site.start(prepared.command, prepared.environment);
  await ready(prepared);
  return { member: new Member(prepared), tlsPort: inbound.tlsPort };
}

async function startCaller(
  site: Site,
  tlsPorts: readonly number[],
  policy: PolicyDocument,
): Promise<Caller> {
  const listenPort = await site.port();
  const endpoints = tlsPorts.map((port, replica) =>
    endpoint({ id: endpointId(replica), address: "127.0.0.1", port }),
  );
  const service = {
    ...{ service: CALLEE, names: [CALLEE], policy, address: "127.0.0.1", uri: uriOf(CALLEE) },
    ports: [{ port: 8080, listenPort, protocol: "http", endpoints } as const],
  };
  const prepared = await prepareSidecar(site, CALLER, { outbound: [service] });
  site.start(prepared.command, prepared.environment);
  await ready(prepared);
  await site.accepting(listenPort);
  return { member: new Member(prepared), port: listenPort };
}
