// What the command itself sees of a node: its engine, and whether an agent of its own version runs there. Pure.
import { type Check, failed, fine, warning } from "./check.ts";

export interface FoundAgent {
  readonly container: string;
  /** `running`, `exited`, `restarting`, … */
  readonly state: string;
  readonly image: string;
  /** Whether the engine still has the image that it runs, of which sidecars are made. */
  readonly hasImage: boolean;
}

export interface EngineFindings {
  /** The engine's address for people. */
  readonly address: string;
  readonly version: string;
  readonly apiVersion: string;
  /** As the engine lists them: `name=rootless`, `name=userns`, … */
  readonly securityOptions: readonly string[];
  readonly agents: readonly FoundAgent[];
}

const START = "start it with `docker mesh up`";

export function engineChecks(findings: EngineFindings): Check[] {
  const { address, version, apiVersion } = findings;
  return [
    fine("engine", `Docker ${version}, API ${apiVersion}, at ${address}`),
    ...users(findings),
    agent(findings),
    ...images(findings),
  ];
}

function users({ securityOptions }: EngineFindings): Check[] {
  const kind = ["rootless", "userns"].find((name) =>
    securityOptions.some((option) => option.split(",")[0] === `name=${name}`),
  );
  if (kind === undefined) return [];
  const found = `the engine is ${kind === "rootless" ? "rootless" : "set up with userns-remap"}, with which the mesh is not tested`;
  const cure =
    "where redirection fails, label containers mesh.intercept=off, or use an engine without it";
  return [warning("users", found, cure)];
}

function agent({ agents }: EngineFindings): Check {
  const running = agents.filter(({ state }) => state === "running");
  const [only] = running;
  const names = agents.map(({ container, state }) => `${container} (${state})`).join(", ");
  if (only === undefined) {
    return agents.length === 0
      ? failed("agent", "no agent of the mesh runs on this engine", START)
      : failed(
          "agent",
          `the agent does not run: ${names}`,
          `see \`docker logs ${agents[0]?.container}\`, then ${START}`,
        );
  }
  if (running.length > 1)
    return failed("agent", `several agents run: ${names}`, "stop all but one of them");
  return fine("agent", `one runs, ${only.container}`);
}

function images({ agents }: EngineFindings): Check[] {
  return agents
    .filter(({ state }) => state === "running")
    .map(({ image, hasImage, container }) =>
      hasImage
        ? fine("image", `${image}, of which sidecars are made, is there`)
        : failed(
            "image",
            `the image that ${container} runs is not there any more: no sidecar can be made`,
            `load or pull ${image} again, then \`docker compose -f compose/mesh.yaml up -d\``,
          ),
    );
}

/** Whether the agent that answered fits the command. */
export function versionCheck(agentVersion: string, ownVersion: string): Check {
  return agentVersion === ownVersion
    ? fine("versions", `command and agent are ${ownVersion}`)
    : warning(
        "versions",
        `the agent is ${agentVersion}, the command ${ownVersion}`,
        "install both of one version (docs/operations.md)",
      );
}
