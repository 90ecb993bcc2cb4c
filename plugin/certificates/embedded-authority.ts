// The mesh's own authority, for the embedded catalog: one root in a file, leaves signed by it in this process. Each leaf has
// a new key, is renewed at half of its life, give or take a tenth so that many do not renew at once, and is checked like
// any other authority's.
import selfsigned from "selfsigned";
import { Backoff } from "../../mesh/backoff.ts";
import { type Clock, systemClock } from "../../mesh/clock.ts";
import { describeError, MeshError } from "../../mesh/errors.ts";
import { formatIdentity } from "../../mesh/identity.ts";
import type { CertificateAuthority, Leaf, TrustBundle } from "./authority.ts";
import { checkLeaf } from "./leaf-check.ts";
import { Problems } from "./problems.ts";
import { openRoot, type Root } from "./root-file.ts";

/** The place of a datacenter in the SPIFFE ids; there is only one. */
const DATACENTER = "embedded";
const SHORTEST_LIFETIME = 10_000;
const BACK_DATE = 60_000;
// X.520 allows no longer common name; the identity is the URI, so a cut name misleads nobody.
const LONGEST_COMMON_NAME = 64;
// Time on the wall can jump while a machine sleeps: look at it this often.
const LONGEST_SLEEP = 60_000;

export interface EmbeddedAuthorityOptions {
  /** Where the root is kept; made if it is not there. */
  readonly directory: string;
  /** From the moment of issue, ms. At least 10 s, default 24 h. */
  readonly leafLifetime?: number;
  readonly clock?: Clock;
  readonly random?: () => number;
}

/** Keeps the promises of authority.ts with a root of our own. */
export class EmbeddedAuthority implements CertificateAuthority {
  readonly #root: Root;
  readonly #bundle: TrustBundle;
  readonly #lifetime: number;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #problems = new Problems();

  private constructor(root: Root, options: EmbeddedAuthorityOptions) {
    this.#root = root;
    this.#bundle = {
      trustDomain: root.trustDomain,
      datacenter: DATACENTER,
      roots: [root.certificate],
    };
    this.#lifetime = options.leafLifetime ?? 24 * 3_600_000;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
  }

  /** Throws CONFIGURATION_INVALID for a lifetime that is too short, or a root on disk that cannot be used. */
  static async open(options: EmbeddedAuthorityOptions): Promise<EmbeddedAuthority> {
    const { leafLifetime = SHORTEST_LIFETIME, clock = systemClock } = options;
    if (leafLifetime < SHORTEST_LIFETIME)
      throw new MeshError(
        "CONFIGURATION_INVALID",
        `expected certificates to live at least ${SHORTEST_LIFETIME} ms, got ${leafLifetime}`,
      );
    return new EmbeddedAuthority(await openRoot(options.directory, clock.wall()), options);
  }

  async *bundles(signal: AbortSignal): AsyncGenerator<TrustBundle, void, undefined> {
    if (signal.aborted) return;
    yield this.#bundle;
    await this.#sleepUntil(Number.POSITIVE_INFINITY, signal);
  }

  async *leaves(service: string, signal: AbortSignal): AsyncGenerator<Leaf, void, undefined> {
    const uri = formatIdentity({
      trustDomain: this.#root.trustDomain,
      datacenter: DATACENTER,
      service,
    });
    const backoff = new Backoff({ base: 200, max: 30_000 }, this.#random);
    const problem = this.#problems.open();
    try {
      while (!signal.aborted) {
        const issuedAt = this.#clock.wall();
        let renewIn = this.#lifetime * (0.4 + 0.2 * this.#random());
        try {
          const leaf = await this.#issue(service, uri, issuedAt);
          problem.clear();
          backoff.reset();
          yield leaf;
        } catch (error) {
          problem.set(`no certificate for ${service}: ${describeError(error)}`);
          renewIn = backoff.next();
        }
        await this.#sleepUntil(issuedAt + renewIn, signal);
      }
    } finally {
      problem.clear();
    }
  }

  problem(): string | undefined {
    return this.#problems.latest;
  }

  // `service` and the trust domain have passed formatIdentity: no character of theirs means anything in a subject.
  async #issue(service: string, uri: string, now: number): Promise<Leaf> {
    const generated = await selfsigned.generate(
      [{ name: "commonName", value: service.slice(0, LONGEST_COMMON_NAME) }],
      {
        keyType: "ec",
        curve: "P-256",
        algorithm: "sha256",
        notBeforeDate: new Date(now - BACK_DATE),
        notAfterDate: new Date(now + this.#lifetime),
        ca: { key: this.#root.privateKey, cert: this.#root.certificate },
        extensions: [
          { name: "basicConstraints", cA: false, critical: true },
          { name: "keyUsage", digitalSignature: true, critical: true },
          { name: "extKeyUsage", serverAuth: true, clientAuth: true },
          { name: "subjectAltName", altNames: [{ type: 6, value: uri }] },
        ],
      },
    );
    const issued = { certificateChain: generated.cert, privateKey: generated.private };
    return checkLeaf(issued, { uri, roots: this.#bundle.roots, now });
  }

  /** Resolves when the wall clock says so, or when the signal aborts. */
  async #sleepUntil(time: number, signal: AbortSignal): Promise<void> {
    for (;;) {
      const rest = time - this.#clock.wall();
      if (rest <= 0 || signal.aborted) return;
      await this.#clock.sleep(Math.min(rest, LONGEST_SLEEP), signal).catch(() => undefined);
    }
  }
}
