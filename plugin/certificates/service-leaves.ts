// The certificates this node's sidecars need right now: what to trust, and one current leaf for each service that at least
// one workload stands for. Keys are dropped as soon as the last of them has gone.

import { formatIdentity } from "../../mesh/identity.ts";
import type { Log } from "../../mesh/log.ts";
import type { CertificateAuthority, Leaf, TrustBundle } from "./authority.ts";

interface Followed {
  readonly stop: AbortController;
  users: number;
  leaf: Leaf | undefined;
}

/** Follows the authority from its construction until it is disposed, which waits for everything it started. */
export class ServiceLeaves implements AsyncDisposable {
  readonly #authority: CertificateAuthority;
  readonly #onChange: () => void;
  readonly #log: Log;
  readonly #stop = new AbortController();
  readonly #followed = new Map<string, Followed>();
  readonly #tasks = new Set<Promise<void>>();
  #bundle: TrustBundle | undefined;

  /** `onChange` is called after each change of the bundle or of a leaf. */
  constructor(authority: CertificateAuthority, onChange: () => void, log: Log) {
    this.#authority = authority;
    this.#onChange = onChange;
    this.#log = log;
    this.#own(this.#followBundles());
  }

  /** What to trust; undefined until the authority has answered. */
  get bundle(): TrustBundle | undefined {
    return this.#bundle;
  }

  /** The newest leaf of a followed service; undefined until it is issued, and for other services. */
  leaf(service: string): Leaf | undefined {
    return this.#followed.get(service)?.leaf;
  }

  /** Keeps a leaf for the service until the guard is disposed. Throws IDENTITY_INVALID for a name no SPIFFE id can hold. */
  follow(service: string): Disposable {
    formatIdentity({ trustDomain: "any", datacenter: "any", service });
    const followed = this.#followed.get(service) ?? this.#start(service);
    followed.users += 1;
    let held = true;
    return {
      [Symbol.dispose]: () => {
        if (!held) return;
        held = false;
        followed.users -= 1;
        if (followed.users > 0) return;
        followed.stop.abort();
        this.#followed.delete(service);
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#tasks);
  }

  #start(service: string): Followed {
    const followed: Followed = { stop: new AbortController(), users: 0, leaf: undefined };
    this.#followed.set(service, followed);
    this.#own(this.#followLeaves(service, followed));
    return followed;
  }

  async #followBundles(): Promise<void> {
    for await (const bundle of this.#authority.bundles(this.#stop.signal)) {
      this.#bundle = bundle;
      this.#log.info("trust bundle", {
        trustDomain: bundle.trustDomain,
        roots: bundle.roots.length,
      });
      this.#onChange();
    }
  }

  async #followLeaves(service: string, followed: Followed): Promise<void> {
    const signal = AbortSignal.any([this.#stop.signal, followed.stop.signal]);
    for await (const leaf of this.#authority.leaves(service, signal)) {
      followed.leaf = leaf;
      this.#log.info("certificate issued", {
        service,
        uri: leaf.uri,
        expires: new Date(leaf.notAfter).toISOString(),
      });
      this.#onChange();
    }
  }

  // An authority only ends with its signal. Should one fail, nobody catches it here: the process ends, visibly.
  #own(task: Promise<void>): void {
    const tracked = task.finally(() => this.#tasks.delete(tracked));
    this.#tasks.add(tracked);
  }
}
