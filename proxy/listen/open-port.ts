// Opening a port without Node's modules for DNS, for clusters and for the child processes of those, all of which the
// documented way loads with the first port: 2 MB that no sidecar needs.
import { isIP, type Server } from "node:net";
import { MAY_USE_INTERNALS } from "../transport/node-internals.ts";

/** What `listen` comes to in the end. No documentation promises it, but Node keeps its name for those who wrap it. */
type Listen2 = (
  this: Server,
  address: string,
  port: number,
  family: number,
  backlog: number,
  descriptor: undefined,
  flags: number,
) => void;

/** What Node asks for where nothing else is said; the kernel allows `net.core.somaxconn` of them. */
const BACKLOG = 511;

/** Resolves when the server accepts connections; rejects with the system's error when the port cannot be had. */
export async function openPort(server: Server, address: string, port: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject).once("listening", resolve);
  const { _listen2: listen2 } = server as { readonly _listen2?: Listen2 };
  const family = isIP(address);
  if (MAY_USE_INTERNALS && typeof listen2 === "function" && family > 0)
    listen2.call(server, address, port, family, BACKLOG, undefined, 0);
  else server.listen({ host: address, port });
  await promise;
  server.off("error", reject);
}
