// Gathers what the agent's checks judge: a look at everything at this moment.
import type Docker from "dockerode";
import type { Clock } from "../../mesh/clock.ts";
import { describeError } from "../../mesh/errors.ts";
import type { ConsulFacts } from "../../registry/consul/facts.ts";
import type { Leaf } from "../certificates/authority.ts";
import type { MeshStatus } from "../status.ts";
import { type AgentFindings, agentChecks, type LeafFacts } from "./agent-checks.ts";
import type { Check } from "./check.ts";
import { lookAtStorage } from "./storage.ts";

export interface LookParts {
  readonly status: () => MeshStatus;
  readonly healthy: () => boolean;
  readonly consulFacts: ((signal: AbortSignal) => Promise<ConsulFacts>) | undefined;
  readonly docker: Docker;
  readonly leaf: (service: string) => Leaf | undefined;
  readonly stateDirectory: string;
  readonly migrates: boolean;
  readonly clock: Pick<Clock, "wall">;
}

/** For what others have to answer, ms. */
const LIMIT = 5_000;

export async function lookAtNode(parts: LookParts, signal: AbortSignal): Promise<Check[]> {
  const { clock, stateDirectory, migrates, healthy } = parts;
  const limited = AbortSignal.any([signal, AbortSignal.timeout(LIMIT)]);
  const [consul, engineAhead, storage] = await Promise.all([
    askConsul(parts, limited),
    engineAheadBy(parts, limited),
    lookAtStorage(stateDirectory),
  ]);
  const status = parts.status();
  return agentChecks({
    ...{ status, healthy: healthy(), consul, engineAhead, storage, migrates },
    ...{ leaves: leavesOf(status, parts), now: clock.wall() },
  });
}

async function askConsul(
  { consulFacts }: LookParts,
  signal: AbortSignal,
): Promise<AgentFindings["consul"]> {
  if (consulFacts === undefined) return undefined;
  try {
    return await consulFacts(signal);
  } catch (error) {
    return { problem: describeError(error) };
  }
}

/** NaN where the engine does not say. */
async function engineAheadBy({ docker, clock }: LookParts, signal: AbortSignal): Promise<number> {
  // The library takes options here, which its types do not say.
  const asked = docker as unknown as {
    info(options: { abortSignal: AbortSignal }): Promise<{ readonly SystemTime?: string }>;
  };
  const answer = await asked.info({ abortSignal: signal }).catch(() => undefined);
  return Date.parse(answer?.SystemTime ?? "") - clock.wall();
}

function leavesOf({ workloads }: MeshStatus, { leaf }: LookParts): LeafFacts[] {
  const services = new Set(workloads.map(({ service }) => service));
  return [...services].flatMap((service) => {
    const found = leaf(service);
    if (found === undefined) return [];
    return [{ service, notBefore: found.notBefore, notAfter: found.notAfter }];
  });
}
