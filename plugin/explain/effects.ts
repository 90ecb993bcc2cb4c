// What a route does to a request, in a few words each. Pure.
import { formatDuration } from "../../mesh/duration.ts";
import type { Fault, HeaderEdits, Mirror, Policy, RoutePolicy } from "../../mesh/policy/policy.ts";

export interface EffectsSketch {
  /** Undefined where no route decides: the service's own split and stand-ins hold. */
  readonly route: RoutePolicy | undefined;
  /** Of the service that is called in the end. */
  readonly service: string;
  readonly policy: Pick<Policy, "split" | "failover">;
  /** Path and query as they came, and as they go on. */
  readonly path: string;
  readonly sentPath: string;
}

export function effectsOf({ route, service, policy, path, sentPath }: EffectsSketch): string[] {
  const split = route?.split.length ? route.split : policy.split;
  const failover = standIns(route, policy);
  return [
    ...(route === undefined ? [] : interferences(route)),
    ...(route?.service === undefined ? [] : [`calls ${service}`]),
    ...(split.length === 0
      ? []
      : [`splits: ${split.map(({ version, weight }) => `${version} ${weight}%`).join(", ")}`]),
    ...(failover.length === 0
      ? []
      : [`${failover.join(", then ")} stands in while no endpoint of ${service} can be used`]),
    ...(sentPath === path ? [] : [`rewrites the path to ${sentPath}`]),
    ...(route === undefined ? [] : headerEffects(route)),
    ...(route?.mirror === undefined ? [] : [describeMirror(route.mirror, service)]),
  ];
}

/** The services that stand in for the one that is called. */
export function standIns(
  route: Pick<RoutePolicy, "failover"> | undefined,
  policy: Pick<Policy, "failover">,
): readonly string[] {
  return route?.failover.length ? route.failover : policy.failover;
}

function interferences({ fault, redirect }: RoutePolicy): string[] {
  return [
    ...describeFault(fault),
    ...(redirect === undefined
      ? []
      : [`redirects to ${redirect.location} with ${redirect.status}`]),
  ];
}

function describeFault({ delay, delayPercent, abort, abortPercent }: Fault): string[] {
  return [
    ...(delay === 0 ? [] : [`delays${some(delayPercent)} by ${formatDuration(delay)}`]),
    ...(abort === 0 ? [] : [`answers${some(abortPercent)} with ${abort}, as a fault on purpose`]),
  ];
}

function some(percent: number): string {
  return percent === 100 ? "" : ` ${percent}% of such requests`;
}

function headerEffects({ requestHeaders, responseHeaders }: RoutePolicy): string[] {
  return [
    ...describeEdits(requestHeaders, "the request"),
    ...describeEdits(responseHeaders, "the response"),
  ];
}

function describeEdits({ set, add, remove }: HeaderEdits, where: string): string[] {
  return [
    ...remove.map((name) => `removes ${name} from ${where}`),
    ...set.map(({ name, value }) => `sets ${name}: ${value} in ${where}`),
    ...add.map(({ name, value }) => `adds ${name}: ${value} to ${where}`),
  ];
}

function describeMirror({ service, version, percent }: Mirror, own: string): string {
  const place = [service ?? own, ...(version === undefined ? [] : [version])].join(" ");
  return `sends a copy${percent === 100 ? "" : ` of ${percent}%`} to ${place}`;
}
