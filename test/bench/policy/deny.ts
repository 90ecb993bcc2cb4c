// A caller is denied in the middle of a response that never ends: how long until the response is cut off. From the moment
// at which the callee's agent says it.
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { eventually } from "../../helpers/eventually.ts";
import { CALLER } from "../certificate-files.ts";
import type { Surroundings } from "../site.ts";
import { Cluster } from "./cluster.ts";
import { KeptConnection } from "./kept-connection.ts";
import { type Quantiles, quantilesOf } from "./quantiles.ts";

const DENIALS = 100;
const SOON = { timeout: 5_000, interval: 1 };

export async function measureDeny(
  surroundings: Surroundings,
  signal: AbortSignal,
): Promise<Quantiles> {
  const size = { callers: 1, replicas: 1, policy: {} };
  await using cluster = await Cluster.start(surroundings, "d", size);
  const [callee] = cluster.replicas;
  const times: number[] = [];
  for (let denial = 1; denial <= DENIALS; denial += 1) {
    signal.throwIfAborted();
    using connection = new KeptConnection(cluster.caller.port);
    const stream = await openStream(connection);
    const over = closed(stream);
    const began = performance.now();
    callee?.publish({ policy: { deny: CALLER } });
    await over;
    times.push(performance.now() - began);
    callee?.publish({ policy: {} });
  }
  return quantilesOf(times);
}

/** Resolves once the body has begun; the caller may still be denied from the last time. */
function openStream(connection: KeptConnection): Promise<IncomingMessage> {
  return eventually(async () => {
    const stream = await connection.open("/stream");
    if (stream.statusCode !== 200) {
      stream.resume();
      throw new Error(`expected a stream, got ${stream.statusCode}`);
    }
    stream.once("error", () => undefined);
    await once(stream, "data");
    return stream;
  }, SOON);
}

/** Whether it ended or broke off. */
function closed(stream: IncomingMessage): Promise<void> {
  return new Promise((resolve) => stream.once("close", () => resolve()));
}
