// Who signs. One seam with two implementations: Consul's Connect CA, and a CA of our own for the embedded catalog.
// Keys exist in memory and on the way to their sidecar's unix socket, nowhere else.

/** A leaf certificate with its key. Times are wall clock, ms. */
export interface Leaf {
  /** PEM, leaf first, then intermediates; every certificate ends with a newline. */
  readonly certificateChain: string;
  /** PEM, PKCS#8 or SEC1, P-256. */
  readonly privateKey: string;
  /** The SPIFFE id in the certificate. */
  readonly uri: string;
  readonly notBefore: number;
  readonly notAfter: number;
}

/** What to trust. During a rotation it holds the old roots as well as the new. */
export interface TrustBundle {
  readonly trustDomain: string;
  readonly datacenter: string;
  /** PEM, each ending with a newline; sorted, so that equal bundles are equal texts. */
  readonly roots: readonly string[];
}

/**
 * Both iterables give the current value first, then each successor, and end when the signal aborts. While the authority
 * cannot be asked they wait and retry with backoff: what was given stays in use, since it is valid until it expires.
 */
export interface CertificateAuthority {
  /** What to trust, then each change of it. */
  bundles(signal: AbortSignal): AsyncIterable<TrustBundle>;
  /**
   * A leaf for a catalog service name, then its successor well before it expires (half-life ± 10 % where we choose) and
   * whenever the root changes. The caller vouches that the engine's facts justify the name. Every leaf was checked: it
   * verifies under a current root, carries exactly the expected SPIFFE id, and is valid now. Throws IDENTITY_INVALID at
   * once for a name that no SPIFFE id can hold; nothing else ends it.
   */
  leaves(service: string, signal: AbortSignal): AsyncIterable<Leaf>;
  /** What went wrong last and has not been cured since, for people; undefined when all is well. */
  problem(): string | undefined;
}
