// The root of the embedded authority on disk: one file that only its owner may read, written once and never replaced.
// A file that cannot be used is an error with its name: a new root in its place would cut off every running sidecar.
import { createPrivateKey, randomUUID, X509Certificate } from "node:crypto";
import { link, mkdir, open, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import selfsigned from "selfsigned";
import { readSoleUriName } from "../../mesh/certificate.ts";
import { describeError, MeshError } from "../../mesh/errors.ts";

/** A root that signs leaves. */
export interface Root {
  readonly trustDomain: string;
  /** PEM, ending with a newline. */
  readonly certificate: string;
  /** PEM, PKCS#8. */
  readonly privateKey: string;
}

const FILE = "authority.json";
const TEN_YEARS = 10 * 365 * 24 * 3_600_000;
const BACK_DATE = 60_000;

/**
 * The root kept in the directory, made first if there is none; of several that start at once, all get the same.
 * Throws CONFIGURATION_INVALID for a file that is damaged or has expired. `now` is wall clock, ms.
 */
export async function openRoot(directory: string, now: number): Promise<Root> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, FILE);
  const existing = await readRoot(path, now);
  if (existing !== undefined) return existing;
  const root = await createRoot(now);
  const isMine = await writeOnce(directory, path, `${JSON.stringify(root, undefined, 2)}\n`);
  return isMine ? root : await openRoot(directory, now);
}

async function createRoot(now: number): Promise<Root> {
  const id = randomUUID();
  const trustDomain = `${id}.mesh`;
  const generated = await selfsigned.generate(
    [{ name: "commonName", value: `docker-mesh CA ${id.slice(0, 8)}` }],
    {
      keyType: "ec",
      curve: "P-256",
      algorithm: "sha256",
      notBeforeDate: new Date(now - BACK_DATE),
      notAfterDate: new Date(now + TEN_YEARS),
      extensions: [
        { name: "basicConstraints", cA: true, pathLenConstraint: 0, critical: true },
        { name: "keyUsage", keyCertSign: true, cRLSign: true, critical: true },
        { name: "subjectAltName", altNames: [{ type: 6, value: `spiffe://${trustDomain}` }] },
      ],
    },
  );
  return {
    trustDomain,
    certificate: `${generated.cert.trimEnd()}\n`,
    privateKey: `${generated.private.trimEnd()}\n`,
  };
}

async function readRoot(path: string, now: number): Promise<Root | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw unusable(path, error);
  }
  try {
    return parseRoot(text, now);
  } catch (error) {
    throw unusable(path, error);
  }
}

function parseRoot(text: string, now: number): Root {
  const { trustDomain, certificate, privateKey } = JSON.parse(text) as Partial<Root>;
  if (trustDomain === undefined || certificate === undefined || privateKey === undefined)
    throw new Error("expected trustDomain, certificate and privateKey");
  const parsed = new X509Certificate(certificate);
  const name = readSoleUriName(parsed.raw);
  if (!parsed.ca || name !== `spiffe://${trustDomain}`)
    throw new Error(`expected an authority named spiffe://${trustDomain}, got ${name}`);
  if (!parsed.checkPrivateKey(createPrivateKey(privateKey)))
    throw new Error("expected the private key of the certificate, got another one");
  if (now >= parsed.validToDate.getTime())
    throw new Error(`expected a valid certificate, got one that expired on ${parsed.validTo}`);
  return { trustDomain, certificate, privateKey };
}

function unusable(path: string, cause: unknown): MeshError {
  return new MeshError(
    "CONFIGURATION_INVALID",
    `expected the mesh's certificate authority in ${path}, which cannot be used (${describeError(cause)}); ` +
      "restore it, or remove it to start a new authority that no running sidecar trusts",
    { cause },
  );
}

// All of the file or nothing, also after a crash: written aside, flushed, then linked, which fails if another was first.
async function writeOnce(directory: string, path: string, text: string): Promise<boolean> {
  const aside = `${path}.${randomUUID()}`;
  try {
    await using file = await open(aside, "wx", 0o600);
    await file.writeFile(text);
    await file.sync();
    await link(aside, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    await rm(aside, { force: true });
  }
  await using listing = await open(directory);
  await listing.sync();
  return true;
}
