// Consul's Connect CA as the mesh's authority. Rotation, storage and availability of the CA are Consul's; here is only
// the asking, through blocking queries, and the checking of each answer. Consul renews a leaf, and re-issues it after a
// change of root, by itself: the blocking query then answers with the successor.
import { isDeepStrictEqual } from "node:util";
import { type Clock, systemClock } from "../../mesh/clock.ts";
import { describeError } from "../../mesh/errors.ts";
import { formatIdentity } from "../../mesh/identity.ts";
import { follow } from "../../registry/consul/blocking-query.ts";
import {
  type Answer,
  AT_ONCE,
  type BlockingQuery,
  type ConsulClient,
} from "../../registry/consul/client.ts";
import type { ConnectLeaf, ConnectRoots } from "../../registry/consul/types.ts";
import type { CertificateAuthority, Leaf, TrustBundle } from "./authority.ts";
import { checkLeaf, normalizeRoots } from "./leaf-check.ts";
import { Problems } from "./problems.ts";

/** How long a query waits while others are in line, ms. */
const TURN = 5_000;

export interface ConsulAuthorityOptions {
  /** Stays the caller's, who disposes it after all iterations have ended. */
  readonly client: ConsulClient;
  readonly clock?: Clock;
}

/** Keeps the promises of authority.ts with Consul. */
export class ConsulAuthority implements CertificateAuthority {
  readonly #client: ConsulClient;
  readonly #clock: Clock;
  readonly #problems = new Problems();

  constructor(options: ConsulAuthorityOptions) {
    this.#client = options.client;
    this.#clock = options.clock ?? systemClock;
  }

  bundles(signal: AbortSignal): AsyncGenerator<TrustBundle, void, undefined> {
    const read = (query: BlockingQuery, within: AbortSignal): Promise<Answer<TrustBundle>> =>
      this.#readBundle(query, within);
    return this.#changes("the trusted roots", read, signal);
  }

  async *leaves(service: string, signal: AbortSignal): AsyncGenerator<Leaf, void, undefined> {
    assertNameable(service);
    let last: Answer<Leaf> | undefined;
    const read = async (query: BlockingQuery, within: AbortSignal): Promise<Answer<Leaf>> => {
      last = await this.#readLeaf(service, query, last, within);
      return last;
    };
    yield* this.#changes(`the certificate of ${service}`, read, signal);
  }

  problem(): string | undefined {
    return this.#problems.latest;
  }

  async *#changes<T>(
    subject: string,
    read: (query: BlockingQuery, signal: AbortSignal) => Promise<Answer<T>>,
    signal: AbortSignal,
  ): AsyncGenerator<T, void, undefined> {
    const problem = this.#problems.open();
    const onFailure = (error: unknown): void =>
      problem.set(`${subject} cannot be had: ${describeError(error)}`);
    let last: T | undefined;
    try {
      for await (const value of follow(read, { clock: this.#clock, onFailure }, signal)) {
        problem.clear();
        if (isDeepStrictEqual(value, last)) continue;
        last = value;
        yield value;
      }
    } finally {
      problem.clear();
    }
  }

  async #readBundle(query: BlockingQuery, signal: AbortSignal): Promise<Answer<TrustBundle>> {
    const { value, index } = await this.#askForRoots(query, signal);
    const { Config } = await this.#client.self(signal);
    // Before anybody builds names on them.
    formatIdentity({
      trustDomain: value.TrustDomain,
      datacenter: Config.Datacenter,
      service: "any",
    });
    const roots = normalizeRoots(value.Roots.map(({ RootCert }) => RootCert));
    return {
      value: { trustDomain: value.TrustDomain, datacenter: Config.Datacenter, roots },
      index,
    };
  }

  async #readLeaf(
    service: string,
    query: BlockingQuery,
    last: Answer<Leaf> | undefined,
    signal: AbortSignal,
  ): Promise<Answer<Leaf>> {
    const { value, index } = await this.#askForLeaf(service, query, signal);
    if (query.index > 0 && index === query.index && last?.index === index) return last;
    // Asked after the leaf, so that its root is among them even when it has just changed.
    const { value: bundle } = await this.#readBundle(AT_ONCE, signal);
    const { trustDomain, datacenter, roots } = bundle;
    const uri = formatIdentity({ trustDomain, datacenter, service });
    const issued = { certificateChain: value.CertPEM, privateKey: value.PrivateKeyPEM };
    return { value: checkLeaf(issued, { uri, roots, now: this.#clock.wall() }), index };
  }

  #askForRoots(query: BlockingQuery, signal: AbortSignal): Promise<Answer<ConnectRoots>> {
    const ask = (): Promise<Answer<ConnectRoots>> => this.#client.connectRoots(query, signal);
    return query.index === 0 ? this.#client.turns.certificateReads.run(ask, signal) : ask();
  }

  /** A first question is answered at once; what waits takes turns. */
  #askForLeaf(
    service: string,
    { index, wait }: BlockingQuery,
    signal: AbortSignal,
  ): Promise<Answer<ConnectLeaf>> {
    const { certificateReads, certificateWaits } = this.#client.turns;
    if (index === 0) {
      const read = (): Promise<Answer<ConnectLeaf>> =>
        this.#client.connectLeaf(service, AT_ONCE, signal);
      return certificateReads.run(read, signal);
    }
    return certificateWaits.run(() => {
      const turn = { index, wait: certificateWaits.crowded ? TURN : wait };
      return this.#client.connectLeaf(service, turn, signal);
    }, signal);
  }
}

/** Throws IDENTITY_INVALID for a service name that no SPIFFE id can hold, before anyone is asked for one. */
function assertNameable(service: string): void {
  formatIdentity({ trustDomain: "any", datacenter: "any", service });
}
