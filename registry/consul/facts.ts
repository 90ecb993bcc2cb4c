// What can be wrong with a Consul, as it tells itself.
import { describeError } from "../../mesh/errors.ts";
import { AT_ONCE, type ConsulClient } from "./client.ts";

export interface ConsulFacts {
  readonly version: string;
  readonly datacenter: string;
  /** The address of the servers' leader; "" without one. */
  readonly leader: string;
  /** Why Connect signs no certificates; undefined: it does. */
  readonly connectProblem: string | undefined;
  /** How far the clock of the node's Consul agent is ahead of ours, ms, right to a second; NaN where it does not say. */
  readonly ahead: number;
}

/** `wall`: our wall clock. Throws a MeshError where the node's Consul agent itself does not answer. */
export async function consulFacts(
  client: ConsulClient,
  wall: () => number,
  signal: AbortSignal,
): Promise<ConsulFacts> {
  const { Config: config } = await client.self(signal);
  // A Consul without a leader answers this with an error.
  const { address: leader, at } = await client
    .leader(signal)
    .catch(() => ({ address: "", at: Number.NaN }));
  const now = wall();
  return {
    ...{ version: config.Version, datacenter: config.Datacenter, leader },
    connectProblem: await connectProblem(client, signal),
    // It says whole seconds: the middle of that second is meant.
    ahead: at + 500 - now,
  };
}

async function connectProblem(
  client: ConsulClient,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const { value } = await client.connectRoots(AT_ONCE, signal);
    return value.Roots?.length ? undefined : "it has no root certificate";
  } catch (error) {
    signal.throwIfAborted();
    return describeError(error);
  }
}
