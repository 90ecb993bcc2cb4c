// A line of the request log: JSON, made for machines and for people who grep.
import type { ObservedRequest } from "../configuration/observed-request.ts";

/** `service`: whose sidecar writes it. Ends with a line end. Fields that say nothing are left out. */
export function requestLine(service: string, request: ObservedRequest): string {
  const { reporter, peer, address, startedAt, milliseconds, trace } = request;
  const { status, grpcStatus, failure, reason, endpoint, version, tries } = request;
  const line = {
    time: new Date(startedAt).toISOString(),
    log: "request",
    ...{ reporter, service, peer: peer || undefined, address },
    ...{ protocol: request.protocol, method: request.method },
    ...{ host: request.host || undefined, path: request.path },
    ...{ status, grpcStatus, code: failure, reason },
    milliseconds: Math.round(milliseconds * 1_000) / 1_000,
    ...{ endpoint: endpoint || undefined, version: version || undefined },
    tries: tries.length === 0 ? undefined : tries,
    ...{ requestBytes: request.requestBytes, responseBytes: request.responseBytes },
    traceId: trace?.traceId,
  };
  return `${JSON.stringify(line)}\n`;
}
