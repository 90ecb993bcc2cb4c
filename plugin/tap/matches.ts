// Which live requests a reader wants to see, and which sidecars could tell of them. Pure.
import { hasFailed } from "../observation/outcome.ts";
import type { TapFilter, TappedRequest } from "./tap-event.ts";

/** `filter` has catalog names. */
export function matches(filter: TapFilter, request: TappedRequest): boolean {
  const { service, source, method, pathPrefix, status, failed } = filter;
  return (
    (service === undefined || service === request.destination) &&
    (source === undefined || source === request.source) &&
    (method === undefined || method === request.method) &&
    (pathPrefix === undefined || request.path.startsWith(pathPrefix)) &&
    (status === undefined || isOf(status, request.status)) &&
    (!failed || hasFailed(request))
  );
}

function isOf(wanted: string, status: number): boolean {
  const text = String(status);
  return wanted.endsWith("xx")
    ? text.length === wanted.length && text[0] === wanted[0]
    : text === wanted;
}

/** Whether the sidecar of a service's workload can see what the filter asks for, at either end of it. */
export function concerns(
  { service, source }: Pick<TapFilter, "service" | "source">,
  own: string,
  calls: (service: string) => boolean,
): boolean {
  const asCallee = service === undefined || service === own;
  const asCaller =
    (source === undefined || source === own) && (service === undefined || calls(service));
  return asCallee || asCaller;
}
