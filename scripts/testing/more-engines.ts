// More engines for the specs that need one of their own, where this machine can start them.
import { join } from "node:path";
import { isInstalled } from "../command.ts";
import type { Settings } from "../settings.ts";
import { loadImages, removeNamespace, saveImages, startInNamespace } from "./engine-namespace.ts";
import type { Lane } from "./lanes.ts";
import { imagesOf, type Session, testEnvironment } from "./session.ts";

/** Much of a spec's time is waiting: two processors have enough for four engines. */
const NAMES = ["second", "third", "fourth"] as const;
const PROGRAMS = ["dockerd", "ip", "nsenter"] as const;

/** Whether more engines can be started: by root, with the programs for it. */
export async function canHaveMoreEngines(): Promise<boolean> {
  if (process.getuid?.() !== 0) return false;
  const installed = await Promise.all(PROGRAMS.map(async (program) => await isInstalled(program)));
  return installed.every(Boolean);
}

/** Starts them with the images of the session. */
export async function openMoreEngines(
  settings: Settings,
  session: Session,
): Promise<readonly Lane[]> {
  const file = join(settings.state, "images.tar");
  await saveImages(imagesOf(session), file);
  return await Promise.all(
    NAMES.map(async (name) => {
      const engine = await startInNamespace(settings, name);
      await loadImages(engine, file);
      const environment = await testEnvironment({ ...session, engine: { ...engine, own: true } });
      return { enter: engine.enter, environment };
    }),
  );
}

/** Takes them away with all that is on them. Safe to repeat. */
export async function closeMoreEngines(settings: Settings): Promise<void> {
  for (const name of NAMES) await removeNamespace(settings, name);
}
