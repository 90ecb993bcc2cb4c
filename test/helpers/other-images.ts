// Images that are the mesh's but for one thing: another version, or something that is broken. Each takes part of a second.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { docker, provided } from "./docker.ts";

/** Builds the image from these lines after `FROM`, with these files beside them. */
async function build(
  tag: string,
  lines: readonly string[],
  files: Readonly<Record<string, string>> = {},
): Promise<string> {
  const image = `docker-mesh/mesh:${tag}`;
  const directory = await mkdtemp(join(tmpdir(), "mesh-test-"));
  try {
    const recipe = [`FROM ${provided("MESH_IMAGE")}`, ...lines, ""].join("\n");
    await writeFile(join(directory, "Dockerfile"), recipe);
    for (const [name, content] of Object.entries(files))
      await writeFile(join(directory, name), content);
    await docker("build", "-q", "-t", image, directory);
  } finally {
    await rm(directory, { recursive: true });
  }
  return image;
}

const VERSION = "org.opencontainers.image.version";

/** Agent and sidecars say this version of themselves; their sidecars are other ones than those of the version before. */
export async function buildVersion(version: string, own: string): Promise<string> {
  const escaped = own.replaceAll(".", "\\.");
  return await build(version, [
    `LABEL ${VERSION}=${version}`,
    `RUN sed -i 's/"${escaped}"/"${version}"/g' /app/agent.mjs /app/cli.mjs`,
  ]);
}

/** Its contract is so far away that it cannot have anything to do with the present one. */
export async function buildDistant(): Promise<string> {
  return await build("distant", [`LABEL ${VERSION}=9.0.0 docker-mesh.contract=9`]);
}

export async function buildBrokenAgent(): Promise<string> {
  const content = 'throw new Error("broken on purpose");\n';
  return await build("broken-agent", ["COPY agent.mjs /app/agent.mjs"], { "agent.mjs": content });
}

export async function buildBrokenSidecars(): Promise<string> {
  const content = 'throw new Error("broken on purpose");\n';
  const lines = ["COPY sidecar.cjs /app/sidecar.cjs"];
  return await build("broken-sidecars", lines, { "sidecar.cjs": content });
}
