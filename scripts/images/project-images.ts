// The images made from this clone's own files: the mesh and the demo, on whichever base can be had.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { buildImage, CONTENT_LABEL, hasImage, IMAGE_LABEL, imageId } from "../engine/docker.ts";
import type { Settings } from "../settings.ts";
import { archivePrograms } from "./archive.ts";
import { bundlePrograms } from "./bundle.ts";
import { contentHash, directoryContent } from "./content.ts";

/** Bundles the programs and makes sure the mesh's image holds them; returns its name. */
export async function meshImage(settings: Settings, base: string): Promise<string> {
  const { project } = settings;
  const folder = await bundlePrograms(project, settings.cache);
  const content = contentHash([
    (await imageId(base)) ?? base,
    await readFile(join(project, "Dockerfile"), "utf8"),
    ...(await directoryContent(folder)),
    // Its document names the other files, whose names say what is in them.
    ...(await directoryContent(join(folder, "console"))),
  ]);
  await archivePrograms(folder);
  return await ensure(`docker-mesh/mesh:${settings.tag}`, "mesh", project, base, content);
}

/** Makes sure the demo's image exists; returns its name. */
export async function demoImage(settings: Settings, base: string): Promise<string> {
  const folder = join(settings.project, "compose/demo");
  const content = contentHash([(await imageId(base)) ?? base, ...(await directoryContent(folder))]);
  return await ensure(`docker-mesh/demo:${settings.tag}`, "demo", folder, base, content);
}

async function ensure(
  image: string,
  role: string,
  context: string,
  base: string,
  content: string,
): Promise<string> {
  if (await hasImage(image, content)) return image;
  await buildImage(image, context, [
    ...["--build-arg", `BASE=${base}`],
    ...["--label", `${IMAGE_LABEL}=${role}`, "--label", `${CONTENT_LABEL}=${content}`],
  ]);
  return image;
}
