// Opens the client library on a resolved address. Everything is said explicitly, since the library would otherwise
// let DOCKER_HOST and its companions overrule what it is given.
import type { Agent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import Docker from "dockerode";
import { MeshError } from "../../mesh/errors.ts";
import type { EngineAddress } from "./engine-address.ts";
import type { EngineHost } from "./engine-host.ts";
import { SshAgent } from "./ssh-agent.ts";

/** The library takes an agent; its types do not say so. */
type Options = Docker.DockerOptions & { readonly agent?: Agent };

/** A client for the engine; connects with the first call. Throws CONFIGURATION_INVALID for unusable TLS files. */
export function connectEngine({ host, tls }: EngineAddress): Docker {
  const unset: Options = { ca: undefined, cert: undefined, key: undefined };
  try {
    return new Docker({ ...unset, ...transport(host, tls) });
  } catch (cause) {
    const message = "expected usable TLS files for the engine (see DOCKER_CERT_PATH)";
    throw new MeshError("CONFIGURATION_INVALID", message, { cause });
  }
}

function transport(host: EngineHost, tls: EngineAddress["tls"]): Options {
  switch (host.kind) {
    case "unix":
      return { protocol: "http", host: undefined, port: undefined, socketPath: host.path };
    case "ssh":
      // Plain HTTP through ssh's own encryption; the agent dials, so the port says nothing.
      return { protocol: "http", host: host.host, port: undefined, agent: new SshAgent(host) };
    case "tcp": {
      if (tls === undefined) return { protocol: "http", host: host.host, port: host.port ?? 2375 };
      const agent = new HttpsAgent({
        rejectUnauthorized: tls.verify,
        ca: tls.ca,
        cert: tls.certificate,
        key: tls.key,
      });
      return { protocol: "https", host: host.host, port: host.port ?? 2376, agent };
    }
    default:
      return host satisfies never;
  }
}
