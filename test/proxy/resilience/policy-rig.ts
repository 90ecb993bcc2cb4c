// A caller's sidecar under a policy, and the sidecars of a service's copies with their applications.
import type { RequestListener } from "node:http";
import type { Socket } from "node:net";
import type { PolicyDocument } from "../../../mesh/policy/document.ts";
import type { OutboundService, SidecarCounters } from "../../../proxy/configuration/snapshot.ts";
import type { FailureCode } from "../../../proxy/failures.ts";
import { type Answer, type Call, call } from "../../helpers/http-call.ts";
import {
  dialOf,
  inboundPort,
  outboundService,
  SidecarRig,
  type TestSidecar,
} from "../../helpers/sidecar-rig.ts";

/** Requests go to the copies in turn unless a test says otherwise. */
const IN_TURN: PolicyDocument = { "balance.algorithm": "round-robin" };

/** Resolves when the connection is closed, in whatever way. */
export async function closed(socket: Socket): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.on("error", () => undefined).once("close", () => resolve());
  await promise;
}

export class PolicyRig implements AsyncDisposable {
  readonly sidecars: SidecarRig;
  readonly caller: TestSidecar;
  #outbound: OutboundService | undefined;

  private constructor(sidecars: SidecarRig, caller: TestSidecar) {
    this.sidecars = sidecars;
    this.caller = caller;
  }

  static async create(): Promise<PolicyRig> {
    const sidecars = await SidecarRig.create();
    return new PolicyRig(sidecars, await sidecars.sidecar("shop-web"));
  }

  /** A sidecar of the service before a new application; returns the port it listens on for others. */
  async copy(listener: RequestListener, policy: PolicyDocument = {}): Promise<number> {
    return this.sidecarBefore(await this.sidecars.httpApplication(listener), policy);
  }

  /** The same before whatever is on that port. */
  async sidecarBefore(applicationPort: number, policy: PolicyDocument = {}): Promise<number> {
    const callee = await this.sidecars.sidecar("shop-orders");
    const inbound = await inboundPort(applicationPort);
    await callee.configure({ inbound: [inbound], policy });
    return inbound.tlsPort;
  }

  /** The service has these copies and this policy from now on. */
  async offer(tlsPorts: readonly number[], policy: PolicyDocument = {}): Promise<void> {
    const outbound = await outboundService("shop-orders", tlsPorts);
    this.#outbound = { ...outbound, policy: { ...IN_TURN, ...policy } };
    await this.caller.configure({ outbound: [this.#outbound] });
  }

  /** Another policy for the same copies. */
  async follow(policy: PolicyDocument): Promise<void> {
    if (this.#outbound === undefined) throw new Error("offer a service first");
    this.#outbound = { ...this.#outbound, policy: { ...IN_TURN, ...policy } };
    await this.caller.configure({ outbound: [this.#outbound] });
  }

  /** Where the application calls the service. */
  get at(): { readonly host: string; readonly port: number } {
    if (this.#outbound === undefined) throw new Error("offer a service first");
    return dialOf(this.#outbound);
  }

  call(options: Partial<Call> = {}): Promise<Answer> {
    return call({ ...this.at, ...options });
  }

  get counters(): SidecarCounters {
    return this.caller.sidecar.report().counters;
  }

  /** How often the caller's sidecar gave this answer. */
  failures(code: FailureCode): number {
    return this.counters.failures[code] ?? 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.sidecars[Symbol.asyncDispose]();
  }
}
