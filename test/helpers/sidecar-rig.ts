// Sidecars in this process, each with an agent's socket of its own, and the applications beside them. All sockets are
// real and on loopback; a rig closes everything that was opened through it.
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type RequestListener, type Server } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Clock, systemClock } from "../../mesh/clock.ts";
import { type Log, silentLog } from "../../mesh/log.ts";
import type { Protocol } from "../../mesh/model.ts";
import type {
  Certificates,
  InboundPort,
  OutboundService,
  Snapshot,
} from "../../proxy/configuration/snapshot.ts";
import type { Interfaces } from "../../proxy/namespace.ts";
import { type Sidecar, startSidecar } from "../../proxy/start-sidecar.ts";
import { AgentStub } from "./agent-stub.ts";
import { TestAuthority, uriOf } from "./certificates.ts";
import { eventually } from "./eventually.ts";
import { freePort } from "./free-port.ts";
import { endpoint, NO_POLICY } from "./plans.ts";

/** Intervals of seconds pass in a fraction of it. */
const HURRY = 20;
const fastClock: Clock = {
  ...systemClock,
  sleep: (milliseconds, signal) => systemClock.sleep(milliseconds / HURRY, signal),
};

const OUTSIDE: Interfaces = {
  eth0: [
    {
      address: "198.18.0.2",
      netmask: "255.255.255.0",
      family: "IPv4",
      mac: "02:00:00:00:00:01",
      internal: false,
      cidr: "198.18.0.2/24",
    },
  ],
};

/** What a test says about a snapshot; the rest is filled in. */
export interface SnapshotParts {
  readonly certificates?: Certificates;
  readonly inbound?: readonly InboundPort[];
  readonly outbound?: readonly OutboundService[];
  readonly draining?: boolean;
  readonly policy?: Snapshot["policy"];
  readonly intentions?: Snapshot["intentions"];
  readonly jwks?: Snapshot["jwks"];
  readonly observation?: Snapshot["observation"];
  readonly gateway?: Snapshot["gateway"];
}

/** One sidecar under test. */
export class TestSidecar {
  readonly agent: AgentStub;
  readonly hostsFile: string;
  readonly sidecar: Sidecar;
  readonly service: string;
  readonly #stop: AbortController;
  #snapshot: Snapshot;
  #versions = 0;

  constructor(
    service: string,
    certificates: Certificates,
    agent: AgentStub,
    hostsFile: string,
    surroundings: {
      readonly log: Log;
      readonly interfaces: () => Interfaces;
      readonly takesOver: boolean;
    },
  ) {
    this.service = service;
    this.agent = agent;
    this.hostsFile = hostsFile;
    this.#stop = new AbortController();
    this.#snapshot = {
      ...{ version: "0", service, instanceId: `${service}-0123456789ab`, certificates },
      ...{ inbound: [], outbound: [], draining: false, ...NO_POLICY },
    };
    this.sidecar = startSidecar({
      ...{ socket: agent.socket, token: agent.token, hostsFile, clock: fastClock },
      ...surroundings,
      signal: this.#stop.signal,
    });
  }

  /** Publishes the last snapshot with these changes, and waits until it is in force and settled. */
  async configure(parts: SnapshotParts): Promise<void> {
    const version = this.publish(parts);
    await eventually(() => {
      if (this.sidecar.report().version !== version) throw new Error("not in force yet");
    });
  }

  /** The same without waiting; returns the version. */
  publish(parts: SnapshotParts): string {
    this.#versions += 1;
    this.#snapshot = { ...this.#snapshot, ...parts, version: `${this.#versions}` };
    this.agent.publish(this.#snapshot);
    return this.#snapshot.version;
  }

  get snapshot(): Snapshot {
    return this.#snapshot;
  }

  readHosts(): Promise<string> {
    return readFile(this.hostsFile, "latin1");
  }

  /** Tells it to stop; await `sidecar.ended` for the end. */
  stop(): void {
    this.#stop.abort(new Error("stopped by the test"));
  }
}

export interface SidecarSettings {
  readonly certificates?: Certificates;
  readonly hosts?: string;
  readonly log?: Log;
  readonly interfaces?: () => Interfaces;
  /** Whose listeners and hosts file it shares. */
  readonly successorOf?: TestSidecar;
}

export class SidecarRig implements AsyncDisposable {
  readonly authority: TestAuthority;
  readonly #directory: string;
  readonly #closing = new AsyncDisposableStack();
  #count = 0;

  private constructor(authority: TestAuthority, directory: string) {
    this.authority = authority;
    this.#directory = directory;
  }

  static async create(): Promise<SidecarRig> {
    const authority = await TestAuthority.create();
    return new SidecarRig(authority, await mkdtemp(join(tmpdir(), "docker-mesh-")));
  }

  /** A running sidecar without a snapshot. */
  async sidecar(service: string, settings: SidecarSettings = {}): Promise<TestSidecar> {
    this.#count += 1;
    const agent = new AgentStub(join(this.#directory, `${this.#count}.sock`));
    await agent.start();
    const { successorOf: predecessor } = settings;
    const hostsFile = predecessor?.hostsFile ?? join(this.#directory, `${this.#count}.hosts`);
    if (predecessor === undefined)
      await writeFile(hostsFile, settings.hosts ?? "127.0.0.1\tlocalhost\n");
    const certificates = settings.certificates ?? (await this.authority.certificatesFor(service));
    const sidecar = new TestSidecar(service, certificates, agent, hostsFile, {
      log: settings.log ?? silentLog,
      interfaces: settings.interfaces ?? (() => OUTSIDE),
      takesOver: predecessor !== undefined,
    });
    this.defer(async () => {
      sidecar.stop();
      await sidecar.sidecar.ended;
      await agent.stop();
    });
    return sidecar;
  }

  /** An HTTP application on 127.0.0.1; returns its port. */
  async httpApplication(
    listener: RequestListener,
    prepare?: (server: Server) => void,
  ): Promise<number> {
    const server = createServer(listener);
    prepare?.(server);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    this.defer(() => {
      server.close();
      server.closeAllConnections();
    });
    return (server.address() as AddressInfo).port;
  }

  /** A TCP application on 127.0.0.1 that may keep its side open; returns its port. */
  async tcpApplication(accept: (socket: Socket) => void | Promise<void>): Promise<number> {
    const sockets = new Set<Socket>();
    const server = createTcpServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      sockets.add(socket);
      socket.on("error", () => undefined);
      Promise.resolve(accept(socket)).catch(() => socket.destroy());
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    this.defer(() => {
      server.close();
      for (const socket of sockets) socket.destroy();
    });
    return (server.address() as AddressInfo).port;
  }

  /** Runs at the end, in reverse order. */
  defer(close: () => void | Promise<void>): void {
    this.#closing.defer(close);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#closing.disposeAsync();
    await rm(this.#directory, { recursive: true });
  }
}

/** An inbound port before an application. */
export async function inboundPort(
  applicationPort: number,
  parts: Partial<InboundPort> = {},
): Promise<InboundPort> {
  return {
    ...{ name: "http", protocol: "http", applicationPort, tlsPort: await freePort("0.0.0.0") },
    ...{ plaintextPort: undefined, check: { kind: "none" } },
    ...parts,
  };
}

/** A service with one port, called at an address of its own. */
export async function outboundService(
  service: string,
  tlsPorts: readonly number[],
  parts: Partial<OutboundService> & { readonly protocol?: Protocol } = {},
): Promise<OutboundService> {
  const { protocol = "http", address = "127.64.0.10", ...rest } = parts;
  const listenPort = await freePort(address);
  const endpoints = tlsPorts.map((port) =>
    endpoint({ id: `${service}-${port}`, address: "127.0.0.1", port }),
  );
  return {
    ...{ service, names: [service], address, uri: uriOf(service), policy: {} },
    ports: [{ port: 8080, listenPort, protocol, endpoints }],
    ...rest,
  };
}

/** Where the only port of a service is called. */
export function dialOf({ address, ports }: OutboundService): { host: string; port: number } {
  const [only] = ports;
  if (only === undefined) throw new Error("expected a service with a port");
  return { host: address, port: only.listenPort };
}

/** A caller and a callee with one application between them, configured and ready. */
export interface Pair {
  readonly caller: TestSidecar;
  readonly callee: TestSidecar;
  readonly inbound: InboundPort;
  readonly outbound: OutboundService;
  /** Where the caller's application dials the callee. */
  readonly at: { readonly host: string; readonly port: number };
}

export async function connectPair(
  rig: SidecarRig,
  applicationPort: number,
  protocol: Protocol = "http",
): Promise<Pair> {
  const callee = await rig.sidecar("shop-orders");
  const caller = await rig.sidecar("shop-web");
  const inbound = await inboundPort(applicationPort, {
    protocol,
    plaintextPort: await freePort("0.0.0.0"),
  });
  const outbound = await outboundService("shop-orders", [inbound.tlsPort], { protocol });
  await Promise.all([
    callee.configure({ inbound: [inbound] }),
    caller.configure({ outbound: [outbound] }),
  ]);
  return { caller, callee, inbound, outbound, at: dialOf(outbound) };
}
