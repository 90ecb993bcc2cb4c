// Waiting for what Swarm does by and by, and telling how far it has come.
import { systemClock } from "../../mesh/clock.ts";
import { MeshError } from "../../mesh/errors.ts";
import { inTime } from "../commands/ask-agent.ts";
import type { Installation } from "./installation.ts";
import { lookAtStack, type StackService } from "./stack.ts";

/** ms. */
const LOOK_EVERY = 500;

/** Swarm calls a task running once its health check has passed. Throws AGENT_UNAVAILABLE when that takes longer, in s. */
export async function untilStackRuns(
  installation: Installation,
  timeout: number,
  signal: AbortSignal,
): Promise<void> {
  const services = await untilServices(installation, timeout, signal, (all) =>
    all.every((service) => isWhole(service) || hasFailed(service)),
  );
  const failed = services.filter((service) => hasFailed(service) || !isWhole(service));
  if (failed.length === 0) return;
  const which = failed.map(({ name, running, desired }) => `${name} ${running}/${desired}`);
  throw new MeshError(
    "AGENT_UNAVAILABLE",
    `expected all tasks of the mesh to run within ${timeout}s, found ${which.join(", ")}: \`docker service ps --no-trunc ${failed[0]?.name}\` says why`,
  );
}

/** Resolves when `isOver` or after the time, in s, with what is there then; tells each change on the way. */
export async function untilServices(
  installation: Installation,
  timeout: number,
  signal: AbortSignal,
  isOver: (services: readonly StackService[]) => boolean,
): Promise<readonly StackService[]> {
  const { asked, project, onLine } = installation;
  const deadline = systemClock.monotonic() + timeout * 1_000;
  let told = "";
  for (;;) {
    const services = await inTime(asked, signal, (limited) =>
      lookAtStack(asked.docker, project, limited),
    );
    const picture = services
      .map(({ name, running, desired }) => `${name} ${running}/${desired}`)
      .join("   ");
    if (picture !== told) onLine?.(picture);
    told = picture;
    if (isOver(services) || systemClock.monotonic() > deadline) return services;
    await systemClock.sleep(LOOK_EVERY, signal);
  }
}

function isWhole({ running, desired, update }: StackService): boolean {
  return running >= desired && desired > 0 && update !== "updating" && !update?.endsWith("started");
}

function hasFailed({ update }: StackService): boolean {
  return update === "paused" || update === "rollback_paused" || update === "rollback_completed";
}
