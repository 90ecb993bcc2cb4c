// How a sidecar that no agent has made gets known to one: it makes up its token itself and prints the digest of it. Only the
// engine can say which container printed a line, and only the sidecar knows what belongs to the digest.
import { createHash, randomBytes } from "node:crypto";

/** A token for this process alone. */
export function makeToken(): string {
  return randomBytes(24).toString("base64url");
}

/** The line to print, with its end. */
export function introductionOf(token: string): string {
  return `${JSON.stringify({ introduction: "docker-mesh sidecar", tokenSha256: tokenDigest(token) })}\n`;
}

/**
 * Whole lines only: what a sidecar logs of its callers' words is part of longer ones. A newer sidecar may say more of itself,
 * after this.
 */
const INTRODUCTION =
  /^\{"introduction":"docker-mesh sidecar","tokenSha256":"([0-9a-f]{64})"(?:,.*)?\}\r?$/gm;

/** The digest that was printed last; empty without. */
export function readIntroduction(printed: string): string {
  return [...printed.matchAll(INTRODUCTION)].at(-1)?.[1] ?? "";
}

/** SHA-256, in hexadecimal digits. */
export function tokenDigest(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}
