// A second engine for the specs that need one of their own, where this machine can start one.
import { join } from "node:path";
import { isInstalled } from "../command.ts";
import type { Settings } from "../settings.ts";
import { loadImages, removeNamespace, saveImages, startInNamespace } from "./engine-namespace.ts";
import type { Lane } from "./lanes.ts";
import { imagesOf, type Session, testEnvironment } from "./session.ts";

const NAME = "second";
const PROGRAMS = ["dockerd", "ip", "nsenter"] as const;

/** Whether a second engine can be started: by root, with the programs for it. */
export async function canHaveSecondEngine(): Promise<boolean> {
  if (process.getuid?.() !== 0) return false;
  const installed = await Promise.all(PROGRAMS.map(async (program) => await isInstalled(program)));
  return installed.every(Boolean);
}

/** Starts it with the images of the session. */
export async function openSecondEngine(settings: Settings, session: Session): Promise<Lane> {
  const file = join(settings.state, "images.tar");
  const [engine] = await Promise.all([
    startInNamespace(settings, NAME),
    saveImages(imagesOf(session), file),
  ]);
  await loadImages(engine, file);
  const environment = await testEnvironment({ ...session, engine: { ...engine, own: true } });
  return { enter: engine.enter, environment };
}

/** Takes it away with all that is on it. Safe to repeat. */
export async function closeSecondEngine(settings: Settings): Promise<void> {
  await removeNamespace(settings, NAME);
}
