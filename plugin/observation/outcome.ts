// Which requests count as failed, for whoever looks and for spans. Pure.
import type { ObservedRequest } from "../../proxy/configuration/observed-request.ts";

type Outcome = Pick<ObservedRequest, "status" | "failure" | "grpcStatus">;

/**
 * The statuses of gRPC for which the server is to blame, besides those that nobody knows: unknown, deadline exceeded, unimplemented, internal, unavailable, data
 * loss (https://opentelemetry.io/docs/specs/semconv/rpc/grpc/).
 */
const SERVER_FAILURES: ReadonlySet<string> = new Set(["2", "4", "12", "13", "14", "15"]);

/** The last one that has a meaning. */
const LAST = 16;

/** What the mesh answered or broke off, 5xx, and what in gRPC is like it. */
export function hasFailed({ status, failure, grpcStatus }: Outcome): boolean {
  return failure !== undefined || status >= 500 || isServerFailure(grpcStatus);
}

export function isServerFailure(grpcStatus: string | undefined): boolean {
  return grpcStatus !== undefined && (SERVER_FAILURES.has(grpcStatus) || Number(grpcStatus) > LAST);
}
