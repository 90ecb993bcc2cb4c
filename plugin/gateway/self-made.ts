// Certificates that the mesh makes for its gateways: an authority of their own, which has nothing to do with the identities
// within the mesh, is kept in a file; what it signs lives in memory, is short-lived and made anew in time.
import { createPrivateKey, randomUUID, X509Certificate } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import selfsigned from "selfsigned";
import { CLOCK_TOLERANCE } from "../../mesh/clock.ts";
import { describeError, MeshError } from "../../mesh/errors.ts";
import { replaceFile, writeOnce } from "../certificates/kept-file.ts";
import type { KeyPair } from "./gateway-section.ts";

const TEN_YEARS = 10 * 365 * 24 * 3_600_000;
/** What clients accept is getting shorter. */
const LIFETIME = 90 * 24 * 3_600_000;
const EC = { keyType: "ec", curve: "P-256", algorithm: "sha256" } as const;
/** X.520 allows no longer common name; what counts is the alternative name. */
const LONGEST_COMMON_NAME = 64;

interface Authority {
  readonly certificate: string;
  readonly privateKey: string;
}

interface Made extends KeyPair {
  /** Wall clock, ms. */
  readonly renewAt: number;
}

export class SelfMadeCertificates {
  readonly #path: string;
  readonly #made = new Map<string, Made>();
  #authority: Authority | undefined;
  #problem: string | undefined;

  /** `path`: of the authority's file, which is made when it is needed. */
  constructor(path: string) {
    this.#path = path;
  }

  get problem(): string | undefined {
    return this.#problem;
  }

  find(host: string): KeyPair | undefined {
    return this.#made.get(host);
  }

  /** Makes those that are missing or have come to half of their life; true when something has changed. Never rejects. */
  async keep(hosts: ReadonlySet<string>, now: number): Promise<boolean> {
    for (const host of this.#made.keys()) if (!hosts.has(host)) this.#made.delete(host);
    const due = [...hosts].filter((host) => now >= (this.#made.get(host)?.renewAt ?? now));
    if (due.length === 0) return false;
    const before = this.#problem;
    try {
      this.#authority ??= await this.#open(now);
      for (const host of due) this.#made.set(host, await issue(host, this.#authority, now));
      this.#problem = undefined;
      return true;
    } catch (error) {
      this.#problem = `no self-made certificates: ${describeError(error)}`;
      return this.#problem !== before;
    }
  }

  /** What clients are to trust lies beside it, without the key. */
  async #open(now: number): Promise<Authority> {
    const authority = await openAuthority(this.#path, now);
    await replaceFile(publicPath(this.#path), authority.certificate);
    return authority;
  }
}

/** Beside `path`, for everybody to trust. */
function publicPath(path: string): string {
  return path.replace(/\.pem$/, ".crt");
}

async function openAuthority(path: string, now: number): Promise<Authority> {
  const existing = await readAuthority(path, now);
  if (existing !== undefined) return existing;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const made = await makeAuthority(now);
  if (await writeOnce(path, `${made.certificate}${made.privateKey}`)) return made;
  return await openAuthority(path, now);
}

/** Certificate and key as PEM, one after the other. */
async function readAuthority(path: string, now: number): Promise<Authority | undefined> {
  try {
    const text = await readFile(path, "utf8");
    const parsed = new X509Certificate(text);
    const key = createPrivateKey(text);
    if (!parsed.ca || !parsed.checkPrivateKey(key))
      throw new Error("expected an authority's certificate and its key");
    if (now >= parsed.validToDate.getTime()) throw new Error(`it has expired on ${parsed.validTo}`);
    const at = text.indexOf("-----BEGIN", 1);
    return { certificate: text.slice(0, at), privateKey: text.slice(at) };
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    const message = `the authority of gateways in ${path} cannot be used: restore it, or remove it to start another one that no client trusts yet`;
    throw new MeshError("CERTIFICATE_INVALID", message, { cause });
  }
}

async function makeAuthority(now: number): Promise<Authority> {
  const generated = await selfsigned.generate(
    [{ name: "commonName", value: `docker-mesh gateway CA ${randomUUID().slice(0, 8)}` }],
    {
      ...EC,
      notBeforeDate: new Date(now - CLOCK_TOLERANCE),
      notAfterDate: new Date(now + TEN_YEARS),
      extensions: [
        { name: "basicConstraints", cA: true, pathLenConstraint: 0, critical: true },
        { name: "keyUsage", keyCertSign: true, cRLSign: true, critical: true },
      ],
    },
  );
  return { certificate: pem(generated.cert), privateKey: pem(generated.private) };
}

/** `host` has passed as a host name: no character of it means anything in a subject. */
async function issue(host: string, authority: Authority, now: number): Promise<Made> {
  const generated = await selfsigned.generate(
    [{ name: "commonName", value: host.slice(0, LONGEST_COMMON_NAME) }],
    {
      ...EC,
      notBeforeDate: new Date(now - CLOCK_TOLERANCE),
      notAfterDate: new Date(now + LIFETIME),
      ca: { key: authority.privateKey, cert: authority.certificate },
      extensions: [
        { name: "basicConstraints", cA: false, critical: true },
        { name: "keyUsage", digitalSignature: true, critical: true },
        { name: "extKeyUsage", serverAuth: true },
        { name: "subjectAltName", altNames: [{ type: 2, value: host }] },
      ],
    },
  );
  return {
    certificateChain: pem(generated.cert) + authority.certificate,
    privateKey: pem(generated.private),
    renewAt: now + LIFETIME / 2,
  };
}

function pem(text: string): string {
  return `${text.trimEnd()}\n`;
}
