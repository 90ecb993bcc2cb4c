// What is shown of a request that is over, from what is left of it: its head as it went on is still at hand then, so that
// those that nobody wants to see cost nothing.
import { type ObservedRequest, PATH_LIMIT, TEXT_LIMIT } from "../configuration/observed-request.ts";
import type { Reporter } from "../configuration/traffic-report.ts";
import type { FinishedExchange } from "../http/exchanges.ts";
import type { Refusal } from "../http/refusal.ts";

/** From the point of view of one of the two sidecars. */
export interface View {
  readonly reporter: Reporter;
  readonly peer: string;
  /** Of a caller without identity; "" of all others. */
  readonly address: string;
}

/** `now` is wall clock, ms: when the exchange was over. */
export function describeRequest(
  { reporter, peer, address }: View,
  exchange: FinishedExchange,
  milliseconds: number,
  now: number,
  kept: boolean,
): ObservedRequest {
  const { status, grpcStatus, failure, reason, target, trace } = exchange;
  const head = exchange.sentHead?.toString("latin1") ?? "";
  const [method = "", path = ""] = head.slice(0, head.indexOf("\r\n")).split(" ");
  return {
    ...{ reporter, peer, startedAt: now - milliseconds, milliseconds },
    ...(address === "" ? {} : { address }),
    protocol: grpcStatus === undefined ? (exchange.http2 ? "http2" : "http1") : "grpc",
    ...{ method: method.slice(0, TEXT_LIMIT), host: hostIn(head), path: withoutQuery(path) },
    ...{ status, grpcStatus, failure, reason: reason?.slice(0, TEXT_LIMIT) },
    endpoint: reporter === "source" ? (target?.id ?? "") : "",
    version: reporter === "source" ? (target?.version ?? "").slice(0, TEXT_LIMIT) : "",
    tries: exchange.earlierTries,
    requestBytes: exchange.requestBytes,
    responseBytes: exchange.responseBytes,
    trace: trace?.ids(head, kept),
  };
}

/** Of a request that could not be understood there is no more to say. */
export function describeRefusal(
  { reporter, peer, address }: View,
  { code, status, text }: Refusal,
  now: number,
): ObservedRequest {
  return {
    ...{ reporter, peer, startedAt: now, milliseconds: 0, protocol: "http1" },
    ...(address === "" ? {} : { address }),
    ...{ method: "", host: "", path: "", status, failure: code },
    reason: text
      .replace(/^docker-mesh: /, "")
      .trimEnd()
      .slice(0, TEXT_LIMIT),
    ...{ endpoint: "", version: "", tries: [], requestBytes: 0, responseBytes: 0 },
  };
}

function hostIn(head: string): string {
  return /\r\nhost:[ \t]*([^\r]*?)[ \t]*\r\n/i.exec(head)?.[1]?.slice(0, PATH_LIMIT) ?? "";
}

function withoutQuery(target: string): string {
  const end = target.indexOf("?");
  return (end < 0 ? target : target.slice(0, end)).slice(0, PATH_LIMIT);
}
