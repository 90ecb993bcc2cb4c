// `docker mesh check`: looks at the set-up of a node, from the engine to every sidecar, and says what to mend.
import type Docker from "dockerode";
import { describeError } from "../../mesh/errors.ts";
import { type Check, failed } from "../check/check.ts";
import {
  type EngineFindings,
  engineChecks,
  type FoundAgent,
  versionCheck,
} from "../check/engine-checks.ts";
import { securityChecks } from "../check/security-checks.ts";
import { OWN_LABELS } from "../docker/container-facts.ts";
import { Engine } from "../docker/engine.ts";
import { AGENT_VERSION } from "../version.ts";
import { type AskedEngine, callAgent, chooseEngine } from "./ask-agent.ts";
import type { Command, CommandContext } from "./command.ts";
import { FORMAT_FLAG, parseAllFlags, UsageError } from "./flags.ts";
import { describeFields, FORMAT_HELP, type Listing, readOutput, renderOwn } from "./listing.ts";
import { lookAtSecurity } from "./look-at-security.ts";
import { readBody } from "./read-answer.ts";
import { readStatus } from "./read-status.ts";
import { renderChecks } from "./render-checks.ts";

export const CHECKS: Listing<Check> = {
  columns: [
    { field: "Name", header: "CHECK", value: ({ name }) => name },
    { field: "State", header: "STATE", value: ({ state }) => state },
    { field: "Found", header: "FOUND", value: ({ found }) => found },
    { field: "Cure", header: "CURE", value: ({ cure }) => cure },
  ],
};

export const check: Command = {
  help: `Usage:  docker mesh check [OPTIONS]

Look at the set-up of this node, and say what to mend. Ends with exit code 1 when something fails

Options:
      ${FORMAT_HELP}
      --security        Look at how well it is guarded instead
${describeFields(CHECKS)}`,
  run: runCheck,
};

async function runCheck(args: readonly string[], context: CommandContext): Promise<void> {
  const flags = parseAllFlags(args, [FORMAT_FLAG, { name: "security", kind: "switch" }]);
  if (flags.rest.length > 0) throw new UsageError('"docker mesh check" accepts no arguments');
  const output = readOutput(flags, CHECKS);
  const engine = await chooseEngine(context);
  const isAboutSecurity = flags.values.get("security") === "true";
  const checks = isAboutSecurity
    ? securityChecks(await lookAtSecurity(engine, context.signal))
    : await lookAtAll(engine, context.signal);
  context.print(renderOwn(output, checks, { json: { checks }, table: () => renderChecks(checks) }));
  const wrong = checks.filter(({ state }) => state === "failed").length;
  if (wrong > 0) throw new Error(`${wrong} of ${checks.length} checks failed`);
}

async function lookAtAll(engine: AskedEngine, signal: AbortSignal): Promise<readonly Check[]> {
  const own = await lookAtEngine(engine, signal);
  const runs = own.some(({ name, state }) => name === "agent" && state === "fine");
  return runs ? [...own, ...(await askForChecks(engine, signal))] : own;
}

async function lookAtEngine(
  { docker, shown }: AskedEngine,
  signal: AbortSignal,
): Promise<readonly Check[]> {
  try {
    const { version, apiVersion } = await new Engine(docker).version(signal);
    // The library takes options here, which its types do not say.
    const asked = docker as unknown as { info(options: object): Promise<EngineInfo> };
    const { SecurityOptions: securityOptions } = await asked.info({ abortSignal: signal });
    const agents = await findAgents(docker, signal);
    return engineChecks({
      address: shown,
      version,
      apiVersion,
      securityOptions: securityOptions ?? [],
      agents,
    });
  } catch (error) {
    signal.throwIfAborted();
    const cure = "start or upgrade it; see -H, DOCKER_HOST and `docker context ls`";
    return [failed("engine", `at ${shown}: ${describeError(error)}`, cure)];
  }
}

interface EngineInfo {
  readonly SecurityOptions?: readonly string[];
}

async function findAgents(docker: Docker, signal: AbortSignal): Promise<EngineFindings["agents"]> {
  const containers = await docker.listContainers({
    ...{ all: true, filters: { label: [`${OWN_LABELS.role}=agent`] }, abortSignal: signal },
  });
  return await Promise.all(
    containers.map(async ({ Id, Names, State, Image, ImageID }): Promise<FoundAgent> => {
      const hasImage = await docker
        .getImage(ImageID)
        .inspect()
        .then(
          () => true,
          (error: { readonly statusCode?: number }) => error.statusCode !== 404,
        );
      const container = Names[0]?.replace(/^\//, "") ?? Id;
      return { container, state: State, image: Image, hasImage };
    }),
  );
}

async function askForChecks(engine: AskedEngine, signal: AbortSignal): Promise<readonly Check[]> {
  try {
    const told = await callAgent(engine, { method: "GET", path: "/v1/status" }, signal);
    const { agent } = readStatus(told.body);
    const answer = await callAgent(engine, { method: "GET", path: "/v1/check" }, signal);
    const version = versionCheck(agent.version, AGENT_VERSION);
    if (answer.status === 404) return [version];
    const { checks } = readBody<{ readonly checks: readonly Check[] }>(answer, (body) =>
      Array.isArray(body.checks),
    );
    return [version, ...checks];
  } catch (error) {
    signal.throwIfAborted();
    return [failed("answers", describeError(error), "see the agent's log")];
  }
}
