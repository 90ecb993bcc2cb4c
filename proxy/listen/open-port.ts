// Opening a port without Node's modules for DNS, for clusters and for the child processes of those, all of which the
// documented way loads with the first port: 2 MB that no sidecar needs.
import type { Server } from "node:net";
import { listenDirectly } from "../transport/node-internals.ts";

/**
 * Resolves when the server accepts connections; rejects with the system's error when the port cannot be had. Others of
 * this user may open it too, if they ask for it as this does: so a successor listens before its predecessor leaves.
 */
export async function openPort(server: Server, address: string, port: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject).once("listening", resolve);
  if (!listenDirectly(server, address, port))
    server.listen({ host: address, port, reusePort: true });
  await promise;
  server.off("error", reject);
}
