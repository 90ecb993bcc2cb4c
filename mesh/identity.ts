// SPIFFE ids in the form Consul's Connect CA issues them, parsed and printed in this one place.
// Rules: SPIFFE-ID.md (trust domain, path segments) and Consul's `/ns/<ns>/dc/<dc>/svc/<service>` path.
import { MeshError } from "./errors.ts";

export interface Identity {
  /** Lower case; for Consul `<cluster uuid>.consul`. */
  readonly trustDomain: string;
  readonly datacenter: string;
  readonly service: string;
}

const TRUST_DOMAIN = /^[a-z0-9._-]{1,255}$/;
const SEGMENT = /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,255}$/;
const CONSUL_PATH =
  /^spiffe:\/\/(?<trustDomain>[^/]*)\/ns\/default\/dc\/(?<datacenter>[^/]*)\/svc\/(?<service>[^/]*)$/;

/** The URI of an identity. Throws IDENTITY_INVALID for anything that a SPIFFE id would have to escape. */
export function formatIdentity(identity: Identity): string {
  const { trustDomain, datacenter, service } = identity;
  if (!TRUST_DOMAIN.test(trustDomain) || !SEGMENT.test(datacenter) || !SEGMENT.test(service)) {
    throw new MeshError(
      "IDENTITY_INVALID",
      `expected letters, digits, ".", "_" or "-" in trust domain, datacenter and service, got ${JSON.stringify(identity)}`,
    );
  }
  return `spiffe://${trustDomain}/ns/default/dc/${datacenter}/svc/${service}`;
}

/** The identity a URI names. Throws IDENTITY_INVALID unless the whole text is one Connect service id. */
export function parseIdentity(uri: string): Identity {
  const parts = CONSUL_PATH.exec(uri)?.groups;
  const [trustDomain, datacenter, service] = [
    parts?.["trustDomain"],
    parts?.["datacenter"],
    parts?.["service"],
  ];
  if (
    trustDomain === undefined ||
    datacenter === undefined ||
    service === undefined ||
    !TRUST_DOMAIN.test(trustDomain) ||
    !SEGMENT.test(datacenter) ||
    !SEGMENT.test(service)
  ) {
    throw new MeshError(
      "IDENTITY_INVALID",
      `expected spiffe://<trust domain>/ns/default/dc/<datacenter>/svc/<service>, got ${JSON.stringify(uri.slice(0, 300))}`,
    );
  }
  return { trustDomain, datacenter, service };
}
