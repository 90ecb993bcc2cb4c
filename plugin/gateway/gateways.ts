// The gateways of this node: what all services want published, and the certificates for it, kept up to date for as long as
// there is a gateway here.
import type { Clock } from "../../mesh/clock.ts";
import type { GatewayPolicy } from "../../mesh/policy/policy.ts";
import type { Gateway } from "../../proxy/configuration/gateway.ts";
import type { DirectoryService } from "../sidecars/directory.ts";
import type { Problem } from "../status.ts";
import type { Workload } from "../workload/workload.ts";
import { type Claims, claimsOf } from "./claims.ts";
import { type CertificateLookup, gatewaySection, SELF_MADE } from "./gateway-section.ts";
import { GivenCertificates } from "./given-certificates.ts";
import { SelfMadeCertificates } from "./self-made.ts";

/** ms. */
const LOOK_INTERVAL = 2_000;
const NOTHING: Claims = { claims: [], problems: [] };

export interface GatewaysParts {
  /** The folder of given certificates. */
  readonly folder: string;
  /** The file of the authority for self-made ones. */
  readonly authorityFile: string;
  readonly clock: Clock;
  readonly onChange: () => void;
}

export class Gateways {
  readonly #given: GivenCertificates;
  readonly #selfMade: SelfMadeCertificates;
  readonly #clock: Clock;
  readonly #onChange: () => void;
  #claims: Claims = NOTHING;
  #isNeeded = false;
  #wake: (() => void) | undefined;
  #sections: readonly Problem[] = [];

  constructor({ folder, authorityFile, clock, onChange }: GatewaysParts) {
    this.#given = new GivenCertificates(folder);
    this.#selfMade = new SelfMadeCertificates(authorityFile);
    this.#clock = clock;
    this.#onChange = onChange;
  }

  /** Services that are to be published, by their catalog names. */
  get published(): ReadonlySet<string> {
    return new Set(this.#claims.claims.map(({ service }) => service));
  }

  get problems(): readonly Problem[] {
    const problems = [...this.#claims.problems, ...this.#sections];
    if (!this.#isNeeded) return problems;
    const uses = this.#claims.claims
      .filter(({ tls }) => tls !== "off" && tls !== SELF_MADE)
      .map(({ tls, host }) => ({ name: tls, host }));
    problems.push(...this.#given.problems(uses, this.#clock.wall()));
    const { problem } = this.#selfMade;
    if (problem !== undefined)
      problems.push({ subject: "gateway", code: "CERTIFICATE_INVALID", message: problem });
    return problems;
  }

  /** Takes note of all services, and of this node's workloads. */
  refresh(
    services: readonly DirectoryService[],
    policyOf: (service: string) => GatewayPolicy,
    workloads: readonly Pick<Workload, "gateway">[],
  ): void {
    this.#claims = claimsOf(services, policyOf);
    this.#sections = [];
    this.#isNeeded = workloads.some(({ gateway }) => gateway !== undefined);
    if (this.#isIncomplete) this.#wake?.();
  }

  /** What that workload's sidecar is to publish; undefined while a certificate is on its way. */
  sectionOf({
    gateway,
    containerName,
  }: Pick<Workload, "gateway" | "containerName">): Gateway | undefined {
    if (gateway === undefined) return undefined;
    const { claims } = this.#claims;
    const section = gatewaySection(containerName, gateway, claims, this.#certificateOf);
    this.#sections = [...this.#sections, ...section.problems];
    return section.gateway;
  }

  /** Keeps certificates up to date until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (this.#isNeeded) await this.#look();
      if (!this.#isIncomplete) await this.#pause(signal);
    }
  }

  /** A host that has just been heard of does not wait for the next look. */
  async #pause(signal: AbortSignal): Promise<void> {
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    const either = AbortSignal.any([signal, woken.signal]);
    await this.#clock.sleep(LOOK_INTERVAL, either).catch(() => undefined);
  }

  get #isIncomplete(): boolean {
    if (!this.#isNeeded || this.#selfMade.problem !== undefined) return false;
    return !this.#given.isKnown || this.#hosts().some((host) => !this.#selfMade.find(host));
  }

  async #look(): Promise<void> {
    const changes = [
      await this.#given.look(),
      await this.#selfMade.keep(new Set(this.#hosts()), this.#clock.wall()),
    ];
    if (changes.includes(true)) this.#onChange();
  }

  #hosts(): readonly string[] {
    return this.#claims.claims.filter(({ tls }) => tls === SELF_MADE).map(({ host }) => host);
  }

  readonly #certificateOf: CertificateLookup = (name, host) => {
    if (name === SELF_MADE) return this.#selfMade.find(host) ?? this.#awaited();
    if (!this.#given.isKnown) return "pending";
    return this.#given.find(name) ?? "missing";
  };

  #awaited(): "pending" | "missing" {
    return this.#selfMade.problem === undefined ? "pending" : "missing";
  }
}
