// A root folder from Debian packages that are unpacked, not installed: no maintainer script runs, no root is needed.
import { mkdir, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../command.ts";
import { reproducible } from "./archive.ts";

/** What images have no use for. */
const LEFT_OUT = ["doc", "man", "info", "locale", "lintian", "bash-completion", "bug", "gcc"];
const MERGED = ["bin", "sbin", "lib", "lib64"];

/** Unpacks packages into a folder with Debian's merged /usr, without their documentation. */
export async function unpackPackages(files: readonly string[], root: string): Promise<void> {
  for (const name of MERGED) {
    await mkdir(join(root, "usr", name), { recursive: true });
    await symlink(`usr/${name}`, join(root, name));
  }
  for (const file of files) {
    const script =
      'dpkg-deb --fsys-tarfile "$1" | tar -x --keep-directory-symlink --no-same-owner -C "$2"';
    await run("sh", ["-c", script, "sh", file, root]);
  }
  for (const name of LEFT_OUT) {
    await rm(join(root, "usr", "share", name), { recursive: true, force: true });
  }
}

/** Writes a folder as a tar file in which everything belongs to root. */
export async function packFolder(folder: string, tarFile: string): Promise<void> {
  await run("tar", [
    ...["--create", "--file", tarFile, "--directory", folder],
    ...reproducible(),
    ".",
  ]);
}
