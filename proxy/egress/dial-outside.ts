// Opening a connection to a host outside by its name: the sidecar asks for its addresses itself, so that the name alone
// decides where a connection goes, and not the address that the application had in mind.
import type { Connection } from "../transport/connection.ts";
import { dialTcp } from "../transport/dial.ts";
import { lookUp } from "./look-up.ts";

/** Opens a connection to a host by its name. */
export type DialOutside = (name: string, port: number, signal: AbortSignal) => Promise<Connection>;

/** Milliseconds until a connection to one address must stand. */
const CONNECT_TIMEOUT = 5_000;
/** Addresses that are tried, one after the other. */
const MOST_TRIES = 3;

/** Rejects with what is wrong as its message, or with the signal's reason when it aborts. */
export async function dialOutside(
  name: string,
  port: number,
  signal: AbortSignal,
): Promise<Connection> {
  const addresses = await lookUp(name, signal);
  for (const address of addresses.slice(0, MOST_TRIES)) {
    try {
      return await dialTcp(address, port, signal, CONNECT_TIMEOUT);
    } catch {
      signal.throwIfAborted();
    }
  }
  throw new Error(`none of its addresses answers: ${addresses.join(", ")}`);
}
