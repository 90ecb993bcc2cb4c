// The roots of the embedded authority on disk: one file that only its owner may read, replaced as a whole or not at all.
// A file that cannot be used is an error with its name: new roots in its place would cut off every running sidecar.
import { createPrivateKey, randomUUID, X509Certificate } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import selfsigned from "selfsigned";
import { readSoleUriName } from "../../mesh/certificate.ts";
import { CLOCK_TOLERANCE } from "../../mesh/clock.ts";
import { describeError, MeshError } from "../../mesh/errors.ts";
import { FORMAT, isNewerFormat, refuseNewerFormat } from "../../mesh/format.ts";
import { replaceFile, writeOnce } from "./kept-file.ts";
import { type Root, type Roots, signerAt } from "./roots.ts";

const FILE = "authority.json";
const TEN_YEARS = 10 * 365 * 24 * 3_600_000;

/**
 * The roots kept in the directory, a first one made if there are none; of several that start at once, all get the same.
 * Throws CONFIGURATION_INVALID for a file that is damaged or whose newest root has expired. `now` is wall clock, ms.
 */
export async function openRoots(directory: string, now: number): Promise<Roots> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, FILE);
  const existing = await readRoots(path, now);
  if (existing !== undefined) return existing;
  const trustDomain = `${randomUUID()}.mesh`;
  const roots: Roots = { trustDomain, list: [await createRoot(trustDomain, now, now)] };
  const isMine = await writeOnce(path, formatRoots(roots));
  return isMine ? roots : await openRoots(directory, now);
}

/** Replaces what is kept in the directory: all of it, or nothing when that fails. */
export async function replaceRoots(directory: string, roots: Roots): Promise<void> {
  await replaceFile(join(directory, FILE), formatRoots(roots));
}

/** A new root; `now` and `signsFrom` are wall clock, ms. */
export async function createRoot(
  trustDomain: string,
  now: number,
  signsFrom: number,
): Promise<Root> {
  const id = randomUUID();
  const generated = await selfsigned.generate(
    [{ name: "commonName", value: `docker-mesh CA ${id.slice(0, 8)}` }],
    {
      keyType: "ec",
      curve: "P-256",
      algorithm: "sha256",
      notBeforeDate: new Date(now - CLOCK_TOLERANCE),
      notAfterDate: new Date(now + TEN_YEARS),
      extensions: [
        { name: "basicConstraints", cA: true, pathLenConstraint: 0, critical: true },
        { name: "keyUsage", keyCertSign: true, cRLSign: true, critical: true },
        { name: "subjectAltName", altNames: [{ type: 6, value: `spiffe://${trustDomain}` }] },
      ],
    },
  );
  return {
    certificate: `${generated.cert.trimEnd()}\n`,
    privateKey: `${generated.private.trimEnd()}\n`,
    signsFrom,
  };
}

/** The oldest root stands at the top, where there was only one once. */
interface RootFile extends Partial<Root> {
  readonly format?: number;
  readonly trustDomain?: string;
  readonly successors?: readonly Partial<Root>[];
}

function formatRoots({ trustDomain, list: [oldest, ...successors] }: Roots): string {
  const file: RootFile = { format: FORMAT, trustDomain, ...oldest, successors };
  return `${JSON.stringify(file, undefined, 2)}\n`;
}

async function readRoots(path: string, now: number): Promise<Roots | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw unusable(path, error);
  }
  try {
    return parseRoots(text, now);
  } catch (error) {
    throw unusable(path, error);
  }
}

function parseRoots(text: string, now: number): Roots {
  const file = JSON.parse(text) as RootFile;
  refuseNewerFormat(file);
  const { trustDomain, successors = [], ...oldest } = file;
  if (trustDomain === undefined) throw new Error("expected a trustDomain");
  const read = (root: Partial<Root>): Root => parseRoot(root, trustDomain);
  const roots: Roots = { trustDomain, list: [read(oldest), ...successors.map(read)] };
  const { validToDate, validTo } = new X509Certificate(signerAt(roots, now).certificate);
  if (now >= validToDate.getTime())
    throw new Error(`expected a valid certificate, got one that expired on ${validTo}`);
  return roots;
}

function parseRoot(root: Partial<Root>, trustDomain: string): Root {
  const { certificate, privateKey } = root;
  if (certificate === undefined || privateKey === undefined)
    throw new Error("expected trustDomain, certificate and privateKey");
  const parsed = new X509Certificate(certificate);
  const name = readSoleUriName(parsed.raw);
  if (!parsed.ca || name !== `spiffe://${trustDomain}`)
    throw new Error(`expected an authority named spiffe://${trustDomain}, got ${name}`);
  if (!parsed.checkPrivateKey(createPrivateKey(privateKey)))
    throw new Error("expected the private key of the certificate, got another one");
  return { certificate, privateKey, signsFrom: root.signsFrom ?? parsed.validFromDate.getTime() };
}

function unusable(path: string, cause: unknown): MeshError {
  if (isNewerFormat(cause)) {
    const message = `the mesh's certificate authority in ${path} cannot be used by this version: ${cause.message}; run the agent of the version that was here before`;
    return new MeshError("VERSION_MISMATCH", message, { cause });
  }
  return new MeshError(
    "CONFIGURATION_INVALID",
    `expected the mesh's certificate authority in ${path}, which cannot be used (${describeError(cause)}); ` +
      "restore it, or remove it to start a new authority that no running sidecar trusts",
    { cause },
  );
}
