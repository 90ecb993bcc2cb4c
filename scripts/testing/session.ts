// The surroundings of a test run: an engine on which no other mesh runs, the images, and an end that leaves nothing.
import {
  composeProjects,
  foreignAgents,
  ownImages,
  removeImages,
  removeLabelled,
  removeOwnImages,
  removeProject,
  removeSidecars,
} from "../cleanup.ts";
import { SetupError } from "../command.ts";
import { fetchTestedReleases } from "../engine/compose-plugin.ts";
import { ensureEngine, type ReadyEngine } from "../engine/ensure.ts";
import { hasEngine, removeEngine } from "../engine/remove.ts";
import { type Images, prepareImages } from "../images/prepare.ts";
import { removeLinks } from "../links.ts";
import { type ComposeEnvironment, socketEnvironment } from "../mesh/projects.ts";
import type { Progress } from "../progress.ts";
import type { Settings } from "../settings.ts";
import { forgetState, readState, updateState } from "../state.ts";
import { ensureBrowser } from "./browser.ts";

/** Compose projects of tests; a mesh of any other name is a user's. */
const TEST_PROJECTS = /^mesh-test/;
/** What tests put on containers outside of compose projects. */
const TEST_LABEL = "mesh-test";

export interface Session {
  readonly engine: ReadyEngine;
  readonly images: Images;
  /** A program: Chromium. Undefined when it can be had in no way. */
  readonly browser: string | undefined;
}

/** Brings an engine and all images. Throws SetupError when a prerequisite cannot be had. */
export async function openSession(settings: Settings, progress: Progress): Promise<Session> {
  const engine = await ensureEngine(settings, progress);
  await refuseForeignMesh();
  await updateState(settings.state, (state) => state);
  await removeTestProjects();
  if (!engine.own) {
    const present = await ownImages();
    // What a killed predecessor recorded stands: the images it left are to go too.
    await updateState(settings.state, (state) => ({
      ...state,
      imagesBefore: state.imagesBefore ?? present,
    }));
  }
  const wanted = { consul: true, demo: true, testTools: true };
  const images = await prepareImages(settings, progress, wanted);
  if (images.consul === undefined) {
    throw new SetupError("expected a Consul image for the tests, but it can be had in no way here");
  }
  // Now, since the engines of some runs are in network namespaces that lead nowhere.
  await progress.step("releases of Compose", async () => await fetchTestedReleases(settings.cache));
  return { engine, images, browser: await ensureBrowser(settings, progress) };
}

/** All images of the session. */
export function imagesOf({ images }: Session): readonly string[] {
  const { base, mesh, consul, redis, demo, testTools } = images;
  return [base, mesh, consul, redis, demo, testTools].filter((image) => image !== undefined);
}

/** What tests find in their environment. */
export async function testEnvironment({
  engine,
  images,
  browser,
}: Session): Promise<ComposeEnvironment> {
  return {
    DOCKER_HOST: `unix://${engine.socket}`,
    ...(await socketEnvironment(engine.socket)),
    MESH_IMAGE: images.mesh,
    MESH_TEST_BASE_IMAGE: images.base,
    MESH_CONSUL_IMAGE: images.consul ?? "",
    MESH_REDIS_IMAGE: images.redis ?? "",
    MESH_DEMO_IMAGE: images.demo ?? "",
    MESH_TEST_TOOLS_IMAGE: images.testTools ?? "",
    MESH_TEST_BROWSER: browser ?? "",
  };
}

/** Takes away what the run made, also when it failed half way through. */
export async function closeSession(settings: Settings): Promise<void> {
  // Somebody's mesh has come to run on an engine that a killed run left: it is theirs now.
  if ((await foreignAgents(TEST_PROJECTS)).length > 0) return;
  const state = await readState(settings.state);
  if (state.imagesBefore !== undefined) {
    await removeTestProjects();
    await removeOwnImages(state.imagesBefore);
    await removeImages(state.pulledImages);
  }
  await removeLinks(settings.state);
  if (await hasEngine(settings)) await removeEngine(settings);
  await forgetState(settings.state);
}

async function refuseForeignMesh(): Promise<void> {
  const [agent] = await foreignAgents(TEST_PROJECTS);
  if (agent === undefined) return;
  throw new SetupError(
    `expected an engine without a mesh, since one engine carries one agent, but ${agent} runs on it; ` +
      "stop it (npm stop) and try again",
  );
}

async function removeTestProjects(): Promise<void> {
  const projects = (await composeProjects()).filter((name) => TEST_PROJECTS.test(name));
  for (const name of projects) await removeProject(name);
  await removeLabelled(TEST_LABEL);
  await removeSidecars();
}
