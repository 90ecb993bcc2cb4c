// The application and its load as a stack: the programs are configs of the swarm, so that no image is made.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deployStack } from "../../../scripts/swarm/stacks.ts";
import type { Swarm } from "../../../scripts/swarm/swarm.ts";
import { bundleProgram, programService } from "../application/programs.ts";

export interface ApplicationStack {
  readonly name: string;
  readonly replicas: number;
  /** The node from which the load comes. */
  readonly loadFrom: string;
  /** Requests a second. */
  readonly rate: number;
}

/** Deploys services `answer` and `ask`; returns before they run. */
export async function deployApplication(swarm: Swarm, wanted: ApplicationStack): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "mesh-test-"));
  try {
    for (const program of ["answer", "ask"] as const) {
      await writeFile(join(folder, `${program}.mjs`), await bundleProgram(program));
    }
    const file = join(folder, "stack.json");
    await writeFile(file, JSON.stringify(stackOf(wanted)));
    await deployStack(swarm, wanted.name, { file });
  } finally {
    await rm(folder, { recursive: true });
  }
}

function stackOf({ replicas, loadFrom, rate }: ApplicationStack): object {
  return {
    version: "3.8",
    configs: { answer: { file: "./answer.mjs" }, ask: { file: "./ask.mjs" } },
    services: { answer: answering(replicas), ask: asking(loadFrom, rate) },
  };
}

function answering(replicas: number): object {
  return {
    ...programService("answer"),
    labels: { "mesh.enable": "true", "mesh.ports": "web:8080, calls:9000/grpc" },
    deploy: {
      ...{ replicas, endpoint_mode: "dnsrr" },
      restart_policy: { condition: "any", delay: "1s" },
      update_config: { parallelism: 1, monitor: "1s" },
    },
  };
}

function asking(node: string, rate: number): object {
  return {
    ...programService("ask"),
    environment: { RATE: String(rate) },
    // Before its sidecar is there the name would lead past the mesh.
    labels: { "mesh.enable": "true", "mesh.port": "8080", "mesh.hold": "true" },
    deploy: {
      endpoint_mode: "dnsrr",
      placement: { constraints: [`node.hostname == ${node}`] },
    },
  };
}
