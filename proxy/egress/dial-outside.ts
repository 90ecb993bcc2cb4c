// Opening a connection to a host outside by its name: the sidecar asks for its addresses itself, so that the name alone
// decides where a connection goes, and not the address that the application had in mind.
import type { LookupAddress } from "node:dns";
import { networkInterfaces } from "node:os";
import type { Connection } from "../transport/connection.ts";
import { dialTcp } from "../transport/dial.ts";
import { outsideOf } from "./outside-addresses.ts";

/** Milliseconds until a name must have been answered for; the system's own asking goes on for longer. */
const LOOKUP_TIMEOUT = 5_000;
/** Milliseconds until a connection to one address must stand. */
const CONNECT_TIMEOUT = 5_000;
/** Addresses that are tried, one after the other. */
const MOST_TRIES = 3;

/** Why none came about. */
export class OutsideError extends Error {}

/** Rejects with an {@link OutsideError}, or with the signal's reason when it aborts. */
export async function dialOutside(
  name: string,
  port: number,
  signal: AbortSignal,
): Promise<Connection> {
  const found = await lookUp(name, signal);
  const addresses = found.filter(outsideOf(networkInterfaces()));
  if (addresses.length === 0)
    throw new OutsideError(`it has no address that is outside, but ${found.join(", ")}`);
  for (const address of addresses.slice(0, MOST_TRIES)) {
    try {
      return await dialTcp(address, port, signal, CONNECT_TIMEOUT);
    } catch {
      signal.throwIfAborted();
    }
  }
  throw new OutsideError(`none of its addresses answers: ${addresses.join(", ")}`);
}

async function lookUp(name: string, signal: AbortSignal): Promise<readonly string[]> {
  // Node's module for DNS is 1 MB that most sidecars do not need.
  const { lookup } = await import("node:dns");
  const { promise, resolve, reject } = Promise.withResolvers<readonly LookupAddress[]>();
  const late = setTimeout(
    () => reject(new OutsideError("nobody answers for its name")),
    LOOKUP_TIMEOUT,
  );
  const aborted = (): void => reject(signal.reason);
  signal.addEventListener("abort", aborted, { once: true });
  lookup(name, { all: true }, (error, addresses) => {
    if (error === null) resolve(addresses);
    else reject(new OutsideError(`its name cannot be resolved (${error.code})`));
  });
  try {
    return (await promise).map(({ address }) => address);
  } finally {
    clearTimeout(late);
    signal.removeEventListener("abort", aborted);
  }
}
