// Images of the mesh: which one is meant, which versions are in it, and the compose file that belongs to it.
import type Docker from "dockerode";
import { MeshError } from "../../mesh/errors.ts";
import { CONTRACT_LABEL, readContract } from "../../proxy/configuration/contract.ts";
import { AGENT_VERSION } from "../version.ts";
import { runDocker } from "./docker-command.ts";
import type { Installation } from "./installation.ts";

const ROLE_LABEL = "docker-mesh.image";
const VERSION_LABEL = "org.opencontainers.image.version";
const USUAL_REPOSITORY = "docker-mesh/mesh";

export interface MeshImage {
  /** By which Compose finds it again. */
  readonly name: string;
  readonly id: string;
  /** Of the programs in it; empty where it tells none. */
  readonly version: string;
  /** Of what its agents and sidecars say to each other. */
  readonly contract: number;
}

/** For people. */
export function describeImage({ name, version }: MeshImage): string {
  return version === "" ? name : `${version} (${name})`;
}

/** The image that somebody means: its name, or a version beside the present one; without a word, this command's version. */
export function nameTarget(asked: string | undefined, present: string): string {
  const target = asked ?? AGENT_VERSION;
  if (/[/:@]/.test(target)) return target;
  return `${repositoryOf(present)}:${target}`;
}

/** Without tag and digest. A name that is nothing but an id has none. */
function repositoryOf(image: string): string {
  if (image === "" || image.startsWith("sha256:")) return USUAL_REPOSITORY;
  const [name = ""] = image.split("@");
  return name.replace(/:[^/:]*$/, "");
}

/** Throws CONFIGURATION_INVALID for an image that is none of the mesh, and where the engine neither has it nor gets it. */
export async function obtainImage(
  installation: Installation,
  name: string,
  signal: AbortSignal,
): Promise<MeshImage> {
  const { asked, engine, environment, onLine } = installation;
  const there = await lookAtImage(asked.docker, name, signal);
  if (there !== undefined) return there;
  const call = { engine, environment, onLine, arguments: ["pull", "--quiet", name] };
  await runDocker(call, signal);
  const pulled = await lookAtImage(asked.docker, name, signal);
  if (pulled !== undefined) return pulled;
  throw new MeshError(
    "CONFIGURATION_INVALID",
    `expected an image ${name} on the engine or in its registry, found none; nothing was changed`,
  );
}

/** Undefined where the engine does not have it. Throws CONFIGURATION_INVALID for an image that is none of the mesh. */
export async function lookAtImage(
  docker: Docker,
  name: string,
  signal: AbortSignal,
): Promise<MeshImage | undefined> {
  const inspected = await inspectImage(docker, name, signal);
  if (inspected === undefined) return undefined;
  const labels = inspected.Config?.Labels ?? {};
  if (labels[ROLE_LABEL] !== "mesh") {
    throw new MeshError(
      "CONFIGURATION_INVALID",
      `expected an image of the mesh, found that ${name} has no label ${ROLE_LABEL}=mesh; nothing was changed`,
    );
  }
  return {
    ...{ name, id: inspected.Id, version: labels[VERSION_LABEL] ?? "" },
    contract: readContract(labels[CONTRACT_LABEL]),
  };
}

async function inspectImage(
  docker: Docker,
  name: string,
  signal: AbortSignal,
): Promise<Docker.ImageInspectInfo | undefined> {
  // The library takes a signal here, too, which its types do not say.
  const options = { abortSignal: signal } as Docker.ImageInspectOptions;
  try {
    return await docker.getImage(name).inspect(options);
  } catch (error) {
    if ((error as { readonly statusCode?: number }).statusCode === 404) return undefined;
    throw error;
  }
}

/** Each version is installed by the file that was made for it. Throws CONFIGURATION_INVALID for an image without one. */
export async function composeFileOf(
  { engine, environment }: Installation,
  image: MeshImage,
  signal: AbortSignal,
): Promise<string> {
  const run = [
    "run",
    "--rm",
    "--network",
    "none",
    "--entrypoint",
    "cat",
    image.id,
    "/app/mesh.yaml",
  ];
  const call = { engine, environment, arguments: run, onLine: () => undefined };
  const { code, output } = await runDocker(call, signal);
  if (code === 0 && output.includes("services:")) return output;
  throw new MeshError(
    "CONFIGURATION_INVALID",
    `expected the compose file of the mesh in the image ${image.name}, found none; nothing was changed`,
  );
}
