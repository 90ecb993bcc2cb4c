// End users' tokens under one policy: verified once, then known until they expire. What is known of a token outlives a
// change of the issuer's keys only if the key that signed it does.
import { hash } from "node:crypto";
import { describeError } from "../../mesh/errors.ts";
import type { JwtPolicy } from "../../mesh/policy/policy.ts";
import { type Claims, claimsMatch } from "./claims.ts";
import type { IssuerKey } from "./verify-token.ts";

/** Tokens that are remembered; the one that was not used for longest is forgotten first. */
export const MAX_TOKENS = 2_048;

/** What a token is worth. `refused`: why nothing, for logs. */
export type TokenVerdict =
  | { readonly claims: Claims; readonly refused: undefined }
  | { readonly claims: undefined; readonly refused: string };

interface Known {
  readonly verdict: TokenVerdict;
  readonly key: string;
  /** Wall clock, ms. */
  readonly until: number;
}

const NO_KEYS = "there are no keys of the issuer yet";
const EXPIRED: TokenVerdict = { claims: undefined, refused: "the token has expired" };

export class TokenChecks {
  readonly policy: JwtPolicy;
  readonly #jwks: string | undefined;
  readonly #wall: () => number;
  readonly #known: Map<string, Known>;
  readonly #pending = new Map<string, Promise<TokenVerdict>>();
  #keys: readonly IssuerKey[] | undefined;

  /** `wall`: the wall clock. `previous`: what it knows is taken over as far as it still holds. */
  constructor(
    policy: JwtPolicy,
    jwks: string | undefined,
    wall: () => number,
    previous?: TokenChecks,
  ) {
    this.policy = policy;
    this.#jwks = jwks;
    this.#wall = wall;
    const same = previous !== undefined && isSame(policy, previous.policy);
    this.#known = new Map(same && jwks !== undefined ? previous.#stillKnown(jwks) : []);
  }

  /** What is known of the token; a promise, which never rejects, when it has to be found out. */
  check(token: string): TokenVerdict | Promise<TokenVerdict> {
    const name = hash("sha256", token, "base64");
    return this.#recall(name) ?? this.#pending.get(name) ?? this.#findOut(name, token);
  }

  /** The same without finding out. */
  recall(token: string): TokenVerdict | undefined {
    return this.#recall(hash("sha256", token, "base64"));
  }

  #recall(name: string): TokenVerdict | undefined {
    const known = this.#known.get(name);
    if (known === undefined) return undefined;
    this.#known.delete(name);
    if (known.until <= this.#wall()) return EXPIRED;
    this.#known.set(name, known);
    return known.verdict;
  }

  #findOut(name: string, token: string): Promise<TokenVerdict> {
    const finding = this.#verify(name, token).finally(() => this.#pending.delete(name));
    this.#pending.set(name, finding);
    return finding;
  }

  async #verify(name: string, token: string): Promise<TokenVerdict> {
    if (this.#jwks === undefined) return { claims: undefined, refused: NO_KEYS };
    try {
      const { LEEWAY, readKeys, verifyToken } = await import("./verify-token.ts");
      this.#keys ??= readKeys(this.#jwks);
      const { claims, key } = await verifyToken(token, this.#keys, this.policy, this.#wall());
      const verdict = this.#judge(claims);
      this.#remember(name, { verdict, key, until: (Number(claims["exp"]) + LEEWAY) * 1_000 });
      return verdict;
    } catch (error) {
      return { claims: undefined, refused: describeError(error) };
    }
  }

  #judge(claims: Claims): TokenVerdict {
    if (claimsMatch(this.policy.claims, claims)) return { claims, refused: undefined };
    return { claims: undefined, refused: "the token lacks a claim that is required" };
  }

  #remember(name: string, known: Known): void {
    if (this.#known.size >= MAX_TOKENS) {
      for (const oldest of this.#known.keys()) {
        this.#known.delete(oldest);
        break;
      }
    }
    this.#known.set(name, known);
  }

  #stillKnown(jwks: string): [string, Known][] {
    if (jwks === this.#jwks) return [...this.#known];
    const keys = keyTexts(jwks);
    return [...this.#known].filter(([, { key }]) => keys.has(key));
  }
}

/** Each key of a key set as text; none when it is no key set. */
function keyTexts(jwks: string): ReadonlySet<string> {
  try {
    const { keys } = JSON.parse(jwks) as { keys?: unknown };
    return new Set(Array.isArray(keys) ? keys.map((key) => JSON.stringify(key)) : []);
  } catch {
    return new Set();
  }
}

/** Regular expressions are compared by their texts. */
function isSame(one: JwtPolicy, other: JwtPolicy): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
