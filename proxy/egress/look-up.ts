// The addresses of a host outside by its name.
import { type LookupAddress, lookup } from "node:dns";
import { networkInterfaces } from "node:os";
import { outsideOf } from "./outside-addresses.ts";

/** Milliseconds until a name must have been answered for; the system's own asking goes on for longer. */
const LOOKUP_TIMEOUT = 5_000;

/** Those that are outside, at least one. Rejects with what is wrong as its message, or with the signal's reason when it aborts. */
export async function lookUp(name: string, signal: AbortSignal): Promise<readonly string[]> {
  const found = await ask(name, signal);
  const outside = found.filter(outsideOf(networkInterfaces()));
  if (outside.length > 0) return outside;
  throw new Error(`it has no address that is outside, but ${found.join(", ")}`);
}

async function ask(name: string, signal: AbortSignal): Promise<readonly string[]> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<readonly LookupAddress[]>();
  const late = setTimeout(() => reject(new Error("nobody answers for its name")), LOOKUP_TIMEOUT);
  const aborted = (): void => reject(signal.reason);
  signal.addEventListener("abort", aborted, { once: true });
  lookup(name, { all: true }, (error, addresses) => {
    if (error === null) resolve(addresses);
    else reject(new Error(`its name cannot be resolved (${error.code})`));
  });
  try {
    return (await promise).map(({ address }) => address);
  } finally {
    clearTimeout(late);
    signal.removeEventListener("abort", aborted);
  }
}
