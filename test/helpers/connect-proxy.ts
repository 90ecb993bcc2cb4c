// Consul's own sidecar proxy, a peer that is not ours: it pipes bytes through mutual TLS, offers and accepts the protocol
// name h2 for whatever they are, and ends both directions with the first that ends.
import { randomBytes } from "node:crypto";
import type { ConsulServer } from "./consul.ts";
import { docker, provided } from "./docker.ts";

export interface ConnectProxyOptions {
  /** Whose identity it has. */
  readonly service: string;
  /** Accepts mutual TLS on this port and leads it to the application's. */
  readonly before?: { readonly port: number; readonly applicationPort: number };
  /** Accepts plain connections on this port and leads them to a service that it finds in the catalog. */
  readonly upstream?: { readonly service: string; readonly port: number };
}

/** Starts one on 127.0.0.1 of this machine; it may take a moment until it listens. The caller disposes it. */
export async function startConnectProxy(
  consul: ConsulServer,
  { service, before, upstream }: ConnectProxyOptions,
): Promise<AsyncDisposable> {
  const name = `mesh-test-connect-${randomBytes(4).toString("hex")}`;
  const listening =
    before === undefined
      ? []
      : [`-listen=127.0.0.1:${before.port}`, `-service-addr=127.0.0.1:${before.applicationPort}`];
  const calling =
    upstream === undefined ? [] : [`-upstream=${upstream.service}:127.0.0.1:${upstream.port}`];
  await docker(
    ...["run", "--detach", "--name", name, "--label", "mesh-test=consul", "--network", "host"],
    ...["--entrypoint", "consul", provided("MESH_CONSUL_IMAGE"), "connect", "proxy"],
    ...[`-http-addr=${consul.address}`, `-service=${service}`, ...listening, ...calling],
  );
  return {
    async [Symbol.asyncDispose]() {
      await docker("rm", "--force", "--volumes", name);
    },
  };
}
