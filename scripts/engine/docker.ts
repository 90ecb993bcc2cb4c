// The docker command line as functions. Which engine it talks to stands in DOCKER_HOST, set once an engine is found.
import { createReadStream } from "node:fs";
import { attempt, type CommandOptions, run } from "../command.ts";

/** The label every image made here carries; its value says which one it is. */
export const IMAGE_LABEL = "docker-mesh.image";
/** The label that tells from which content an image was made. */
export const CONTENT_LABEL = "docker-mesh.content";

/** Runs `docker …` and returns its standard output. Throws SetupError when it fails. */
export async function docker(
  parameters: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  return await run("docker", parameters, options);
}

/** The lines that `docker …` prints; none when it fails. */
export async function dockerLines(parameters: readonly string[]): Promise<readonly string[]> {
  const { code, stdout } = await attempt("docker", parameters);
  return code === 0 ? stdout.split("\n").filter((line) => line !== "") : [];
}

/** The id of an image, or undefined when the engine does not have it. */
export async function imageId(image: string): Promise<string | undefined> {
  const [id] = await dockerLines(["image", "inspect", "--format", "{{.Id}}", image]);
  return id;
}

/** Whether the engine has an image of that name made from exactly that content. */
export async function hasImage(image: string, content: string): Promise<boolean> {
  const format = `{{index .Config.Labels "${CONTENT_LABEL}"}}`;
  const [label] = await dockerLines(["image", "inspect", "--format", format, image]);
  return label === content;
}

/** Builds an image with the classic builder, which every engine from 20.10 on has and which finds local images. */
export async function buildImage(
  image: string,
  context: string,
  options: readonly string[] = [],
): Promise<void> {
  await docker(["build", "--force-rm", "--tag", image, ...options, context], {
    environment: { DOCKER_BUILDKIT: "0" },
  });
}

/** Makes an image of one layer from a tar file. It gets its name only once it is whole. */
export async function importImage(
  image: string,
  tarFile: string,
  changes: readonly string[],
): Promise<void> {
  const options = changes.flatMap((change) => ["--change", change]);
  await docker(["import", ...options, "-", image], { input: createReadStream(tarFile) });
}
