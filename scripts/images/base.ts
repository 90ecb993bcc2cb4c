// The base image for machines that reach no registry: the Node binary that npm locked, a shell, and nft, on Debian's
// libraries. It stands in for the public Node image in the same Dockerfile.
import { chmod, copyFile, mkdir, symlink, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { run } from "../command.ts";
import { CONTENT_LABEL, hasImage, IMAGE_LABEL, importImage } from "../engine/docker.ts";
import { fetchPackages, type PackageRequest } from "../packages/fetch.ts";
import { withTemporaryFolder } from "../temporary-folder.ts";
import { contentHash } from "./content.ts";
import { packFolder, unpackPackages } from "./root-folder.ts";

/** Raise it when the recipe below changes what is in the image. */
const RECIPE = "2";

/** What the base holds, so that images on top of it need not bring it again. */
export const BASE_PACKAGES: PackageRequest = {
  suite: "bookworm",
  packages: ["libc6", "libgcc-s1", "libstdc++6", "nftables", "busybox-static"],
  libraries: true,
};

const PASSWD = [
  "root:x:0:0:root:/root:/bin/sh",
  "redis:x:999:999:redis:/data:/bin/sh",
  "node:x:1000:1000:node:/home/node:/bin/sh",
  "nobody:x:65534:65534:nobody:/:/bin/false",
];
const GROUP = ["root:x:0:", "redis:x:999:", "node:x:1000:", "nogroup:x:65534:"];

/** Makes sure the base image exists and returns its name. */
export async function offlineBase(cache: string, nodeBinary: string): Promise<string> {
  const packages = await fetchPackages(cache, BASE_PACKAGES);
  const names = packages.map((file) => basename(file)).toSorted();
  const content = contentHash([RECIPE, process.version, process.arch, ...names]);
  const image = `docker-mesh/base:${content}`;
  if (await hasImage(image, content)) return image;
  await withTemporaryFolder(cache, async (folder) => {
    const root = join(folder, "root");
    await unpackPackages(packages, root);
    await furnish(root, nodeBinary);
    const tarFile = join(folder, "root.tar");
    await packFolder(root, tarFile);
    await importImage(image, tarFile, [
      `LABEL ${IMAGE_LABEL}=base ${CONTENT_LABEL}=${content}`,
      "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      'CMD ["node"]',
    ]);
  });
  return image;
}

async function furnish(root: string, nodeBinary: string): Promise<void> {
  for (const folder of ["etc", "root", "home/node", "run", "var/lib", "usr/local/bin"]) {
    await mkdir(join(root, folder), { recursive: true });
  }
  await mkdir(join(root, "tmp"));
  await chmod(join(root, "tmp"), 0o1777);
  await copyFile(nodeBinary, join(root, "usr/local/bin/node"));
  await chmod(join(root, "usr/local/bin/node"), 0o755);
  await writeFile(join(root, "etc/passwd"), `${PASSWD.join("\n")}\n`);
  await writeFile(join(root, "etc/group"), `${GROUP.join("\n")}\n`);
  await linkCommands(root);
}

/** One link a busybox command, where no package brought the real one. */
async function linkCommands(root: string): Promise<void> {
  const list = await run(join(root, "usr/bin/busybox"), ["--list-full"]);
  for (const path of list.split("\n")) {
    const link = join(root, path.startsWith("usr/") ? path : `usr/${path}`);
    await symlink("/usr/bin/busybox", link).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST" && error.code !== "ENOENT") throw error;
    });
  }
}
