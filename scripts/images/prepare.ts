// Every image that the mesh, the demo and the tests need: public ones where a registry answers, otherwise made here.
import { access } from "node:fs/promises";
import { join } from "node:path";
import { SetupError } from "../command.ts";
import type { Progress } from "../progress.ts";
import type { Settings } from "../settings.ts";
import { updateState } from "../state.ts";
import { offlineBase } from "./base.ts";
import {
  DEBIAN_CONSUL,
  DEBIAN_REDIS,
  DEBIAN_TEST_TOOLS,
  type DebianImage,
  debianImage,
  publicTestTools,
} from "./debian-image.ts";
import { demoImage, meshImage } from "./project-images.ts";
import { Registry } from "./registry.ts";

const PUBLIC_NODE = "node:24-bookworm-slim";
const PUBLIC_DEBIAN = "debian:bookworm-slim";
const PUBLIC_CONSUL = "hashicorp/consul:1.22";
const PUBLIC_REDIS = "redis:7-alpine";

/** Names of images that the engine has. */
export interface Images {
  /** What those with Node are made from. */
  readonly base: string;
  readonly mesh: string;
  /** Undefined when Consul is not wanted, or can be had in no way. */
  readonly consul: string | undefined;
  readonly redis: string | undefined;
  readonly demo: string | undefined;
  readonly testTools: string | undefined;
}

export interface Wanted {
  readonly consul: boolean;
  readonly demo: boolean;
  readonly testTools: boolean;
}

/** Makes sure the wanted images exist on the engine. Only a missing Consul is survived. */
export async function prepareImages(
  settings: Settings,
  progress: Progress,
  wanted: Wanted,
): Promise<Images> {
  const workshop = await openWorkshop(settings, progress);
  const { base } = workshop;
  const mesh = await progress.step(
    "mesh image",
    async () => await meshImage(settings, base),
    (image) => image,
  );
  return {
    base,
    mesh,
    consul: wanted.consul ? await consul(workshop) : undefined,
    redis: wanted.demo
      ? await workshop.obtain("Redis image", PUBLIC_REDIS, DEBIAN_REDIS)
      : undefined,
    demo: wanted.demo
      ? await progress.step("demo image", async () => await demoImage(settings, base))
      : undefined,
    testTools: wanted.testTools ? await testTools(workshop) : undefined,
  };
}

/** What images are made with. */
interface Workshop {
  readonly settings: Settings;
  readonly progress: Progress;
  readonly registry: Registry;
  /** The base of the images that run Node. */
  readonly base: string;
  /** The public image, or where it is out of reach the one made from Debian packages. */
  obtain(title: string, image: string, otherwise: DebianImage): Promise<string>;
}

async function openWorkshop(settings: Settings, progress: Progress): Promise<Workshop> {
  const registry = new Registry(async (image, pulled) => {
    await updateState(settings.state, (state) => {
      const others = state.pulledImages.filter((name) => name !== image);
      return { ...state, pulledImages: pulled ? [...others, image] : others };
    });
  });
  const obtain = async (title: string, image: string, otherwise: DebianImage): Promise<string> =>
    await progress.step(
      title,
      async () =>
        (await registry.obtain(image))
          ? image
          : await debianImage(settings.cache, await localBase(settings), otherwise),
      (name) => name,
    );
  const base = await progress.step(
    "base image",
    async ({ note }) => {
      note("asking the registry");
      if (await registry.obtain(PUBLIC_NODE)) return PUBLIC_NODE;
      note("no registry answers: making it from the locked Node and Debian packages");
      return await localBase(settings);
    },
    (image) => (registry.offline ? `${image} (no registry answers, so made here)` : image),
  );
  return { settings, progress, registry, base, obtain };
}

async function localBase(settings: Settings): Promise<string> {
  return await offlineBase(settings.cache, await lockedNode(settings.project));
}

async function lockedNode(project: string): Promise<string> {
  const binary = join(project, "node_modules", `node-linux-${process.arch}`, "bin", "node");
  return await access(binary).then(
    () => binary,
    () => {
      throw new SetupError(`expected the locked Node at ${binary}, found nothing; run \`npm ci\``);
    },
  );
}

async function consul(workshop: Workshop): Promise<string | undefined> {
  try {
    return await workshop.obtain("Consul image", PUBLIC_CONSUL, DEBIAN_CONSUL);
  } catch (error) {
    workshop.progress.say(`Consul cannot be had: ${String(error)}`);
    return undefined;
  }
}

async function testTools(workshop: Workshop): Promise<string> {
  const { settings, progress, registry } = workshop;
  if (await registry.obtain(PUBLIC_DEBIAN)) {
    return await progress.step(
      "test tools image",
      async () => await publicTestTools(settings.project, PUBLIC_DEBIAN),
    );
  }
  return await workshop.obtain("test tools image", PUBLIC_DEBIAN, DEBIAN_TEST_TOOLS);
}
