// `npm stop`: takes away everything that `npm start` made and nothing else. Safe to repeat, and after a start that was
// killed half way through.
import { rm } from "node:fs/promises";
import { removeImages, removeOwnImages, removeProject, removeSidecars } from "./cleanup.ts";
import { isInstalled } from "./command.ts";
import { findEngine } from "./engine/find.ts";
import { ensureDockerCommand } from "./engine/install.ts";
import { hasEngine, removeEngine } from "./engine/remove.ts";
import { removeLinks } from "./links.ts";
import { main } from "./main.ts";
import { removeEnvironmentFile } from "./mesh/environment-file.ts";
import { Progress } from "./progress.ts";
import { readSettings } from "./settings.ts";
import { forgetState, readState } from "./state.ts";

const settings = readSettings("mesh");
const progress = new Progress();

await main(async () => {
  const state = await readState(settings.state);
  const found = await findEngine();
  if ("engine" in found) {
    process.env["DOCKER_HOST"] = `unix://${found.engine.socket}`;
    await ensureDockerCommand(settings);
    // The demo before the mesh, so that its last requests are still carried.
    for (const { name } of state.projects.toReversed()) {
      await progress.step(`project ${name}`, async () => await removeProject(name));
    }
    if (state.projects.length > 0) await progress.step("sidecars", removeSidecars);
  }
  for (const { file } of state.projects) await removeEnvironmentFile(file);
  const ownEngine = await hasEngine(settings);
  if ("engine" in found && !ownEngine) {
    await progress.step("images", async () => {
      await removeOwnImages([]);
      await removeImages(state.pulledImages);
    });
  }
  await progress.step("command line plugins", async () => await removeLinks(settings.state));
  if (ownEngine)
    await progress.step(
      "the engine started here, with its data",
      async () => await removeEngine(settings),
    );
  await forgetState(settings.state);
  await rm(`${settings.project}/dist`, { recursive: true, force: true });
  console.log(await whatStays("engine" in found, ownEngine));
});

async function whatStays(engineFound: boolean, ownEngine: boolean): Promise<string> {
  if (!(engineFound || ownEngine)) return "The mesh is gone. No Docker Engine runs here.";
  if (!ownEngine) {
    return "The mesh is gone. The Docker Engine was there before it and stays, as do all images it had.";
  }
  const installed = (await isInstalled("dockerd"))
    ? " Debian's package docker.io stays installed."
    : "";
  return `The mesh and the engine it ran on are gone.${installed}`;
}
