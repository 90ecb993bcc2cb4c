// What Compose calls for a service with `provider: {type: mesh}`: `docker-mesh compose --project-name=P up|down NAME`. The mesh comes
// with the first project that asks, and goes with the last one, unless a user has installed it.
import { type ProviderMessage, printMessage, printMetadata } from "../../compose/provider.ts";
import { describeError } from "../../mesh/errors.ts";
import { escapeControls } from "../../mesh/printable.ts";
import { forgetAsker, otherUsers, recordAsker } from "../installation/askers.ts";
import { bringUp } from "../installation/bring-up.ts";
import { flagsOfCaller } from "../installation/compose-flags.ts";
import { chooseInstallation, type Installation, look } from "../installation/installation.ts";
import { takeDown } from "../installation/take-down.ts";
import { inTime } from "./ask-agent.ts";
import type { Command, CommandContext } from "./command.ts";
import { type Flag, parseAllFlags, parseFlags, UsageError } from "./flags.ts";
import { readUpFlags, UP_FLAGS } from "./up.ts";

export const composeProvider: Command = {
  help: `Usage:  docker-mesh compose --project-name PROJECT metadata|up|down [OPTIONS] NAME

Called by Docker Compose for a service with \`provider: {type: mesh}\`
`,
  run: runProvider,
};

const PROJECT_FLAG: Flag = { name: "project-name", kind: "text" };

async function runProvider(args: readonly string[], context: CommandContext): Promise<void> {
  const say = (type: ProviderMessage["type"], message: string): void =>
    context.print(printMessage({ type, message: escapeControls(message) }));
  try {
    await answer(args, context, (message) => say("info", message));
  } catch (error) {
    // Compose shows standard output, and from there this one line.
    if (!context.signal.aborted) say("error", describeError(error));
    throw error;
  }
}

type Inform = (message: string) => void;

async function answer(
  args: readonly string[],
  context: CommandContext,
  inform: Inform,
): Promise<void> {
  const { values, rest } = parseFlags(args, [PROJECT_FLAG]);
  const [what, ...more] = rest;
  if (what === "metadata") return context.print(printMetadata());
  const project = values.get("project-name") || context.environment["COMPOSE_PROJECT_NAME"];
  if ((what !== "up" && what !== "down") || project === undefined || project === "") {
    throw new UsageError(
      "expected to be called as Docker Compose calls providers: up or down, of a project",
    );
  }
  const engine = (await flagsOfCaller()) ?? context.engine;
  const installation = await chooseInstallation({ ...context, engine }, inform);
  if (what === "up") await up(installation, { project, args: more, inform }, context.signal);
  else await down(installation, { project, inform }, context.signal);
}

async function up(
  installation: Installation,
  { project, args, inform }: { project: string; args: readonly string[]; inform: Inform },
  signal: AbortSignal,
): Promise<void> {
  const options = readUpFlags(parseAllFlags(args, UP_FLAGS));
  const { asked } = installation;
  const present = await look(installation, signal);
  const other = present.agents.find((agent) => agent.project !== installation.project);
  if (other !== undefined && other.state === "running") {
    return inform(`the mesh is there already: ${other.container}`);
  }
  const isNew = await inTime(asked, signal, (limited) =>
    recordAsker(asked.docker, project, limited),
  );
  try {
    await bringUp(installation, { ...options, installer: "provider" }, signal);
  } catch (error) {
    if (isNew) await forgetAsker(asked.docker, project, AbortSignal.timeout(5_000));
    throw error;
  }
  inform("the mesh is up");
}

async function down(
  installation: Installation,
  { project, inform }: { project: string; inform: Inform },
  signal: AbortSignal,
): Promise<void> {
  const { asked } = installation;
  const present = await look(installation, signal);
  const users = await inTime(asked, signal, async (limited) => {
    await forgetAsker(asked.docker, project, limited);
    return await otherUsers(asked.docker, project, Date.now(), limited);
  });
  if (!present.byProvider) {
    const isThere = present.agents.length > 0;
    return inform(isThere ? "the mesh stays: a user installed it" : "there is no mesh");
  }
  if (users.length > 0) return inform(`the mesh stays, for ${users.join(", ")}`);
  await takeDown(installation, { volumes: false }, signal);
  inform("the mesh is gone");
}
