// The mesh's own authority, for the embedded catalog: roots in a file, leaves signed by one of them in this process. Each
// leaf has a new key, is renewed at half of its life, give or take a tenth so that many do not renew at once, and is
// checked like any other authority's. A root that has become old is followed by another: trusted first, then signing.
import { isDeepStrictEqual } from "node:util";
import selfsigned from "selfsigned";
import { Backoff } from "../../mesh/backoff.ts";
import { CLOCK_TOLERANCE, type Clock, systemClock } from "../../mesh/clock.ts";
import { describeError, MeshError } from "../../mesh/errors.ts";
import { formatIdentity } from "../../mesh/identity.ts";
import type { CertificateAuthority, Leaf, TrustBundle } from "./authority.ts";
import { checkLeaf, normalizeRoots } from "./leaf-check.ts";
import { Problems } from "./problems.ts";
import { createRoot, openRoots, replaceRoots } from "./root-file.ts";
import { isAged, type Root, type Roots, SPREAD, signerAt, trustedAt } from "./roots.ts";

/** The place of a datacenter in the SPIFFE ids; there is only one. */
const DATACENTER = "embedded";
const SHORTEST_LIFETIME = 10_000;
/** Half of what a root lives. */
const ROOT_AGE = 5 * 365 * 24 * 3_600_000;
// X.520 allows no longer common name; the identity is the URI, so a cut name misleads nobody.
const LONGEST_COMMON_NAME = 64;
// Time on the wall can jump, when it is set or while a machine sleeps: look at it this often.
const LONGEST_SLEEP = 60_000;

export interface EmbeddedAuthorityOptions {
  /** Where the root is kept; made if it is not there. */
  readonly directory: string;
  /** From the moment of issue, ms. At least 10 s, default 24 h. */
  readonly leafLifetime?: number;
  /** How long a root signs before another follows it, ms. Default 5 years. */
  readonly rootAge?: number;
  readonly clock?: Clock;
  readonly random?: () => number;
}

/** Keeps the promises of authority.ts with a root of our own. */
export class EmbeddedAuthority implements CertificateAuthority {
  readonly #directory: string;
  readonly #rootAge: number;
  readonly #lifetime: number;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #problems = new Problems();
  readonly #rootProblem = this.#problems.open();
  #roots: Roots;
  #keeping: Promise<void> | undefined;

  private constructor(roots: Roots, options: EmbeddedAuthorityOptions) {
    this.#roots = roots;
    this.#directory = options.directory;
    this.#rootAge = options.rootAge ?? ROOT_AGE;
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
    return new EmbeddedAuthority(await openRoots(options.directory, clock.wall()), options);
  }

  async *bundles(signal: AbortSignal): AsyncGenerator<TrustBundle, void, undefined> {
    let last: TrustBundle | undefined;
    while (!signal.aborted) {
      const look = this.#alarm();
      this.#keeping ??= this.#keepRoots().finally(() => {
        this.#keeping = undefined;
      });
      await this.#keeping;
      const bundle = this.#bundle();
      if (!isDeepStrictEqual(bundle, last)) yield bundle;
      last = bundle;
      await look(LONGEST_SLEEP, signal);
    }
  }

  async *leaves(service: string, signal: AbortSignal): AsyncGenerator<Leaf, void, undefined> {
    const uri = formatIdentity({
      trustDomain: this.#roots.trustDomain,
      datacenter: DATACENTER,
      service,
    });
    const backoff = new Backoff({ base: 200, max: 30_000 }, this.#random);
    const problem = this.#problems.open();
    try {
      while (!signal.aborted) {
        const wake = this.#alarm();
        const issuedAt = this.#clock.wall();
        const root = signerAt(this.#roots, issuedAt);
        let renewIn = this.#lifetime * (0.4 + 0.2 * this.#random());
        try {
          const leaf = await this.#issue(service, uri, root, issuedAt);
          problem.clear();
          backoff.reset();
          yield leaf;
        } catch (error) {
          problem.set(`no certificate for ${service}: ${describeError(error)}`);
          renewIn = backoff.next();
        }
        await wake(renewIn, signal, () => signerAt(this.#roots, this.#clock.wall()) !== root);
      }
    } finally {
      problem.clear();
    }
  }

  problem(): string | undefined {
    return this.#problems.latest;
  }

  #bundle(): TrustBundle {
    const { trustDomain, list } = trustedAt(this.#roots, this.#clock.wall(), this.#lifetime);
    const roots = normalizeRoots(list.map(({ certificate }) => certificate));
    return { trustDomain, datacenter: DATACENTER, roots };
  }

  /** Lets another root follow one that has become old. When that cannot be kept, there is none, and it is tried again. */
  async #keepRoots(): Promise<void> {
    const now = this.#clock.wall();
    if (!isAged(this.#roots, now, this.#rootAge)) return;
    try {
      const { trustDomain, list } = trustedAt(this.#roots, now, this.#lifetime);
      const next = await createRoot(trustDomain, now, now + SPREAD);
      const roots: Roots = { trustDomain, list: [...list, next] };
      await replaceRoots(this.#directory, roots);
      this.#roots = roots;
      this.#rootProblem.clear();
    } catch (error) {
      this.#rootProblem.set(`no new root for the authority: ${describeError(error)}`);
    }
  }

  // `service` and the trust domain have passed formatIdentity: no character of theirs means anything in a subject.
  async #issue(service: string, uri: string, root: Root, now: number): Promise<Leaf> {
    const generated = await selfsigned.generate(
      [{ name: "commonName", value: service.slice(0, LONGEST_COMMON_NAME) }],
      {
        keyType: "ec",
        curve: "P-256",
        algorithm: "sha256",
        notBeforeDate: new Date(now - CLOCK_TOLERANCE),
        notAfterDate: new Date(now + this.#lifetime),
        ca: { key: root.privateKey, cert: root.certificate },
        extensions: [
          { name: "basicConstraints", cA: false, critical: true },
          { name: "keyUsage", digitalSignature: true, critical: true },
          { name: "extKeyUsage", serverAuth: true, clientAuth: true },
          { name: "subjectAltName", altNames: [{ type: 6, value: uri }] },
        ],
      },
    );
    const issued = { certificateChain: generated.cert, privateKey: generated.private };
    return checkLeaf(issued, { uri, roots: [root.certificate], now });
  }

  /**
   * Waits for an age, ms from now on, until something else has changed, which is noticed within a minute, or until the
   * signal aborts. The clock that first says so is believed: the one on the wall may be set back, the other may stand still
   * while a machine sleeps.
   */
  #alarm(): (age: number, signal: AbortSignal, changed?: () => boolean) => Promise<void> {
    const clock = this.#clock;
    const [wall, monotonic] = [clock.wall(), clock.monotonic()];
    return async (age, signal, changed = () => false) => {
      for (;;) {
        const rest = age - Math.max(clock.wall() - wall, clock.monotonic() - monotonic);
        if (rest <= 0 || signal.aborted || changed()) return;
        await clock.sleep(Math.min(rest, LONGEST_SLEEP), signal).catch(() => undefined);
      }
    };
  }
}
