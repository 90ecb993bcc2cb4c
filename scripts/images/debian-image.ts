// Images of one program each, made from Debian packages on the offline base where their public image is out of reach.
import { readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { buildImage, CONTENT_LABEL, hasImage, IMAGE_LABEL, imageId } from "../engine/docker.ts";
import { fetchPackages, type PackageRequest } from "../packages/fetch.ts";
import { withTemporaryFolder } from "../temporary-folder.ts";
import { BASE_PACKAGES } from "./base.ts";
import { contentHash } from "./content.ts";
import { unpackPackages } from "./root-folder.ts";

/** How one of these images differs from the others. */
export interface DebianImage {
  readonly image: string;
  readonly role: string;
  readonly request: PackageRequest;
  /** Further Dockerfile lines. */
  readonly lines: readonly string[];
}

/** The last Consul that Debian carried, with UI and Connect. */
export const DEBIAN_CONSUL: DebianImage = {
  image: "docker-mesh/consul:1.8.7",
  role: "consul",
  request: { suite: "bullseye", packages: ["consul"], libraries: false },
  lines: ["RUN mkdir -p /consul/data && consul version", 'CMD ["consul", "agent", "-dev"]'],
};

/** A Redis that, like the public image, answers anybody on its network and runs without root. */
export const DEBIAN_REDIS: DebianImage = {
  image: "docker-mesh/redis:7.0.15",
  role: "redis",
  request: { suite: "bookworm", packages: ["redis-server", "redis-tools"], libraries: true },
  lines: [
    "RUN mkdir -p /data && chown redis:redis /data && redis-server --version",
    "WORKDIR /data",
    "USER redis",
    "EXPOSE 6379",
    'CMD ["redis-server", "--bind", "0.0.0.0", "--protected-mode", "no", "--save", ""]',
  ],
};

/** What tests look at the wire and at metrics with, and what moves the clock that a program sees. */
export const DEBIAN_TEST_TOOLS: DebianImage = {
  image: "docker-mesh/test-tools:latest",
  role: "test-tools",
  request: {
    suite: "bookworm",
    packages: ["tcpdump", "curl", "libfaketime", "prometheus"],
    libraries: true,
  },
  lines: ["RUN tcpdump --version && curl --version && prometheus --version", 'CMD ["sh"]'],
};

/** Makes sure the image exists on that base and returns its name. */
export async function debianImage(
  cache: string,
  base: string,
  recipe: DebianImage,
): Promise<string> {
  const own = await fetchPackages(cache, recipe.request);
  const inBase = new Set((await fetchPackages(cache, BASE_PACKAGES)).map((file) => basename(file)));
  const packages = own.filter((file) => !inBase.has(basename(file)));
  const names = packages.map((file) => basename(file)).toSorted();
  const content = contentHash([(await imageId(base)) ?? base, ...names, ...recipe.lines]);
  if (await hasImage(recipe.image, content)) return recipe.image;
  await withTemporaryFolder(cache, async (context) => {
    await unpackPackages(packages, join(context, "root"));
    await writeFile(join(context, "Dockerfile"), dockerfile(base, recipe, content));
    await buildImage(recipe.image, context);
  });
  return recipe.image;
}

function dockerfile(base: string, recipe: DebianImage, content: string): string {
  return [
    `FROM ${base}`,
    `LABEL ${IMAGE_LABEL}=${recipe.role} ${CONTENT_LABEL}=${content}`,
    "COPY root/usr/ /usr/",
    ...recipe.lines,
    "",
  ].join("\n");
}

/** The image with the test tools on a public base, where a registry answers. */
export async function publicTestTools(project: string, base: string): Promise<string> {
  const file = join(project, "scripts/images/test-tools.Dockerfile");
  const content = contentHash([base, await readFile(file, "utf8")]);
  const { image } = DEBIAN_TEST_TOOLS;
  if (await hasImage(image, content)) return image;
  await buildImage(image, join(project, "scripts/images"), [
    ...["--file", file, "--build-arg", `BASE=${base}`],
    ...["--label", `${CONTENT_LABEL}=${content}`],
  ]);
  return image;
}
