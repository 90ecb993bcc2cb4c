// The same kind of certificates for everybody: P-256, one root, one leaf for each side of a pair, good for both ends of
// a connection. Our sidecars get theirs by their agent; the others read files.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { TestAuthority, uriOf } from "../helpers/certificates.ts";

export const CALLER = "shop-web";
export const CALLEE = "shop-orders";

/** What a peer asks for, and checks, as the name in the callee's certificate. */
export const CALLEE_NAME = "shop-orders.mesh.test";

/** Paths of PEM files. */
export interface LeafFiles {
  readonly certificate: string;
  readonly key: string;
  /** Certificate and key in one. */
  readonly combined: string;
}

export interface CertificateFiles {
  readonly authority: TestAuthority;
  readonly root: string;
  readonly caller: LeafFiles;
  readonly callee: LeafFiles;
}

export async function writeCertificates(folder: string): Promise<CertificateFiles> {
  const authority = await TestAuthority.create();
  const root = join(folder, "root.pem");
  await writeFile(root, authority.root);
  return {
    authority,
    root,
    caller: await writeLeaf(authority, folder, CALLER),
    callee: await writeLeaf(authority, folder, CALLEE),
  };
}

async function writeLeaf(
  authority: TestAuthority,
  folder: string,
  service: string,
): Promise<LeafFiles> {
  const { certificate, privateKey } = await authority.issue([
    { type: 6, value: uriOf(service) },
    { type: 2, value: `${service}.mesh.test` },
  ]);
  const files: LeafFiles = {
    certificate: join(folder, `${service}.pem`),
    key: join(folder, `${service}.key`),
    combined: join(folder, `${service}.both.pem`),
  };
  await writeFile(files.certificate, certificate);
  await writeFile(files.key, privateKey, { mode: 0o600 });
  await writeFile(files.combined, `${certificate}${privateKey}`, { mode: 0o600 });
  return files;
}
