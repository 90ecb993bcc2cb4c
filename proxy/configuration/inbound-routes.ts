// What a snapshot says about callers of the own application, made ready for the request path.
import type { Protocol } from "../../mesh/model.ts";
import type { CheckPolicy, Policy } from "../../mesh/policy/policy.ts";
import { readPolicy } from "../../mesh/policy/read-policy.ts";
import { Authorizer } from "../authorize/authorizer.ts";
import { TokenChecks } from "../authorize/token-checks.ts";
import { FixedTargets } from "../balance/fixed-targets.ts";
import type { Conduct, Targets, Telemetry } from "../http/plan.ts";
import type { Destination } from "../http/streams.ts";
import { InboundLimits } from "../inbound-limits/inbound-limits.ts";
import { UNLIMITED } from "../resilience/unlimited.ts";
import type { DestinationSource } from "./destination-source.ts";
import type { Certificates, InboundPort, Snapshot } from "./snapshot.ts";

export interface InboundRoute {
  readonly port: InboundPort;
  readonly host: Buffer;
  /** Where requests of either kind go: an application of unknown protocol is spoken to as its callers speak. */
  readonly http1Application: Targets;
  readonly http2Application: Targets;
}

/** Who may call; the same object as long as nothing about it changes. */
export interface Access {
  /** All that it was made of, as text. */
  readonly basis: string;
  readonly authorizer: Authorizer;
  /** Undefined: no tokens are asked for. */
  readonly tokens: TokenChecks | undefined;
}

export interface InboundRoutes {
  /** By the port of the listener, mutual TLS and plaintext alike. */
  readonly routes: ReadonlyMap<number, InboundRoute>;
  readonly destinations: readonly Destination[];
  readonly access: Access;
  /** Whether what is in flight may have been let in by another one. */
  readonly accessChanged: boolean;
  readonly limits: InboundLimits;
  readonly conduct: Conduct;
  readonly check: CheckPolicy;
  readonly telemetry: Telemetry;
}

/** As much of a snapshot as concerns callers. */
export type InboundSnapshot = Pick<
  Snapshot,
  "service" | "inbound" | "policy" | "intentions" | "jwks"
> & { readonly certificates: Pick<Certificates, "trustDomain"> };

export function buildInbound(
  snapshot: InboundSnapshot,
  source: Pick<DestinationSource, "application">,
  previous: InboundRoutes | undefined,
): InboundRoutes {
  const routes = new Map<number, InboundRoute>();
  const destinations: Destination[] = [];
  for (const port of snapshot.inbound) {
    const { protocol, applicationPort } = port;
    const http1 = source.application(applicationPort, speaksHttp2(protocol, false));
    const http2 = source.application(applicationPort, speaksHttp2(protocol, true));
    destinations.push(http1, http2);
    const route = {
      ...{ port, host: Buffer.from(snapshot.service) },
      http1Application: new FixedTargets([http1]),
      http2Application: new FixedTargets([http2]),
    };
    routes.set(port.tlsPort, route);
    if (port.plaintextPort !== undefined) routes.set(port.plaintextPort, route);
  }
  const { policy } = readPolicy(snapshot.policy, "lenient");
  const access = buildAccess(snapshot, policy, previous?.access);
  return {
    ...{ routes, destinations, access, check: policy.check, telemetry: policy },
    accessChanged: previous !== undefined && access !== previous.access,
    limits: InboundLimits.from(policy.limits, previous?.limits, performance.now()),
    conduct: conductOf(policy),
  };
}

/** Whether an application is spoken to in HTTP/2 on behalf of a caller who does or does not speak it. */
function speaksHttp2(protocol: Protocol, callerDoes: boolean): boolean {
  return protocol === "http2" || protocol === "grpc" || (protocol === "auto" && callerDoes);
}

/**
 * What {@link Access} rests on. Nothing else may end what is in flight: tokens run out while long responses are on their
 * way, and those end at the next change of access, not when somebody sets a timeout.
 */
const ACCESS_NAMES = /^(?:allow|deny|default-action|audit|(?:rule|jwt)\..*)$/s;

function buildAccess(
  snapshot: InboundSnapshot,
  policy: Policy,
  previous: Access | undefined,
): Access {
  const { service, intentions, jwks } = snapshot;
  const { trustDomain } = snapshot.certificates;
  const fields = Object.entries(snapshot.policy).filter(([name]) => ACCESS_NAMES.test(name));
  const basis = JSON.stringify([service, trustDomain, fields, intentions, jwks]);
  if (previous?.basis === basis) return previous;
  const { access, jwt } = policy;
  const tokens =
    jwt === undefined ? undefined : new TokenChecks(jwt, jwks, Date.now, previous?.tokens);
  return {
    basis,
    authorizer: new Authorizer({ service, trustDomain, access, intentions }),
    tokens,
  };
}

/** Towards the own application nothing is limited but silence; what it takes is limited before (`inbound-limits/`). */
function conductOf({ timeouts: { idle } }: Policy): Conduct {
  return { ...UNLIMITED, timeouts: { ...UNLIMITED.timeouts, idle } };
}
