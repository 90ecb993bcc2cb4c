// Engines become one swarm.
import { setTimeout as delay } from "node:timers/promises";
import { SetupError } from "../command.ts";
import type { SwarmNode } from "./node.ts";
import { OVERLAY_POOL } from "./site.ts";

const READY_MS = 60_000;
const POLL_MS = 100;
/** Where a manager listens for nodes that join. */
const PORT = 2377;

/** Joins all nodes to one swarm that the first one begins, labels them, and resolves when all are ready. */
export async function formSwarm(
  nodes: readonly SwarmNode[],
  labels: Readonly<Record<string, Readonly<Record<string, string>>>>,
  signal: AbortSignal,
): Promise<void> {
  const [first, ...others] = nodes;
  if (first === undefined) return;
  const { base, mask } = OVERLAY_POOL;
  await first.docker([
    ...["swarm", "init", "--advertise-addr", first.address, "--listen-addr", first.address],
    ...["--default-addr-pool", base, "--default-addr-pool-mask-length", String(mask)],
  ]);
  // One after another: several managers that join at once keep each other waiting for a leader.
  for (const node of others) {
    signal.throwIfAborted();
    await join(node, first);
  }
  await untilReady(first, nodes.length, signal);
  for (const [name, pairs] of Object.entries(labels)) {
    const options = Object.entries(pairs).flatMap(([key, value]) => [
      ...["--label-add", `${key}=${value}`],
    ]);
    await first.docker(["node", "update", ...options, name]);
  }
}

async function join(node: SwarmNode, first: SwarmNode): Promise<void> {
  const token = await first.docker(["swarm", "join-token", "--quiet", node.role]);
  await node.docker([
    ...["swarm", "join", "--token", token, "--advertise-addr", node.address],
    ...["--listen-addr", node.address, `${first.address}:${PORT}`],
  ]);
}

async function untilReady(first: SwarmNode, count: number, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + READY_MS;
  let states = "";
  while (performance.now() < deadline) {
    states = await first.docker(["node", "ls", "--format", "{{.Hostname}} {{.Status}}"]);
    if (states.split("\n").filter((line) => line.endsWith(" Ready")).length === count) return;
    await delay(POLL_MS, undefined, { signal });
  }
  throw new SetupError(`expected ${count} nodes to be ready, found:\n${states}`);
}
