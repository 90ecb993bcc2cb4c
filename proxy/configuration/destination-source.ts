// Where destinations come from when a configuration is built.
import type { DialRules } from "../http/destinations.ts";
import type { Destination } from "../http/streams.ts";
import type { TlsIdentity } from "../transport/tls.ts";
import type { Endpoint } from "./snapshot.ts";

/** Gives out destinations; the same one for the same place, so that its connections survive. */
export interface DestinationSource {
  sidecar(endpoint: Endpoint, uri: string, identity: TlsIdentity, rules: DialRules): Destination;
  application(port: number, http2: boolean): Destination;
}
