// Docker's own global flags, which stand before the plugin's name: `docker -H … mesh status` arrives here as
// `docker-mesh -H … mesh status`.
import type { EngineFlags } from "../docker/engine-address.ts";
import type { Flag, ParsedFlags } from "./flags.ts";

export const GLOBAL_FLAGS: readonly Flag[] = [
  { name: "config", kind: "text" },
  { name: "context", short: "c", kind: "text" },
  { name: "debug", short: "D", kind: "switch" },
  { name: "host", short: "H", kind: "text" },
  // Taken since Docker passes it on; these commands write no log.
  { name: "log-level", short: "l", kind: "text" },
  { name: "tls", kind: "switch" },
  { name: "tlscacert", kind: "text" },
  { name: "tlscert", kind: "text" },
  { name: "tlskey", kind: "text" },
  { name: "tlsverify", kind: "switch" },
];

/** The engine that the global flags choose. */
export function readEngineFlags({ values }: ParsedFlags): EngineFlags {
  const choice = (name: string): boolean | undefined =>
    values.has(name) ? values.get(name) === "true" : undefined;
  return {
    host: values.get("host"),
    context: values.get("context"),
    config: values.get("config"),
    tls: choice("tls"),
    tlsVerify: choice("tlsverify"),
    tlsCaCertificate: values.get("tlscacert"),
    tlsCertificate: values.get("tlscert"),
    tlsKey: values.get("tlskey"),
  };
}
