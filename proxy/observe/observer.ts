// What becomes of requests that are over: a line in the log, a span, a look of somebody who taps, or, for nearly all of them,
// nothing. Everything here is bounded, so that observing never costs the traffic that it is about.
import type { LogPolicy } from "../../mesh/policy/policy.ts";
import type { Observation, ObservedRequest } from "../configuration/observed-request.ts";
import type { FinishedExchange } from "../http/exchanges.ts";
import type { Telemetry } from "../http/plan.ts";
import type { Refusal } from "../http/refusal.ts";
import { httpStatusFor } from "../http2/grpc-status.ts";
import { TokenBucket } from "../inbound-limits/token-bucket.ts";
import { describeRefusal, describeRequest, type View } from "./describe-request.ts";
import type { Outbox } from "./outbox.ts";

/** A second; what is above is counted. */
const MOST_SAMPLED = 100;
const MOST_FAILED = 20;
const MOST_TAPPED = 200;

export interface ObserverParts {
  readonly outbox: Outbox;
  /** Writes a line about the request. */
  readonly log: (request: ObservedRequest) => void;
  /** Wall clock, ms. */
  readonly wall: () => number;
  /** Monotonic, ms. */
  readonly now: () => number;
  /** Like `Math.random`. */
  readonly random: () => number;
}

export class Observer {
  readonly #parts: ObserverParts;
  readonly #sampled: TokenBucket;
  readonly #failed: TokenBucket;
  readonly #tapped: TokenBucket;
  #tap = false;

  constructor(parts: ObserverParts) {
    this.#parts = parts;
    const now = parts.now();
    this.#sampled = new TokenBucket(MOST_SAMPLED, 2 * MOST_SAMPLED, now);
    this.#failed = new TokenBucket(MOST_FAILED, 2 * MOST_FAILED, now);
    this.#tapped = new TokenBucket(MOST_TAPPED, MOST_TAPPED, now);
  }

  /** What is wanted from now on. */
  follow(observation: Observation | undefined): void {
    this.#tap = observation?.tap === true;
  }

  /** To be called once for each exchange, while its head is at hand. */
  finished(view: View, exchange: FinishedExchange, milliseconds: number): void {
    const { trace, plan } = exchange;
    const { logs } = plan.telemetry;
    if (trace === undefined && !this.#tap && logs.requests === "off") return;
    const failed = hasFailed(exchange);
    const isSpan = trace !== undefined && (trace.sampled || failed) && this.#keeps(trace.sampled);
    const isLine = this.#writes(logs, failed);
    const isTapped = this.#tap && this.#shows();
    if (!isSpan && !isLine && !isTapped) return;
    const { log, outbox, wall } = this.#parts;
    const request = describeRequest(view, exchange, milliseconds, wall(), isSpan);
    if (isLine) log(request);
    if (isSpan || isTapped) outbox.add(request);
  }

  /** A request that never became an exchange, or broke one off. */
  refused(view: View, { logs }: Telemetry, refusal: Refusal): void {
    const isLine = logs.requests !== "off";
    const isTapped = this.#tap && this.#shows();
    if (!isLine && !isTapped) return;
    const { log, outbox, wall } = this.#parts;
    const request = describeRefusal(view, refusal, wall());
    if (isLine) log(request);
    if (isTapped) outbox.add(request);
  }

  #writes({ requests, share }: LogPolicy, failed: boolean): boolean {
    if (requests === "off") return false;
    if (failed || requests === "all") return true;
    return requests === "sampled" && this.#parts.random() * 100 < share;
  }

  #keeps(sampled: boolean): boolean {
    const isKept = hasRoom(sampled ? this.#sampled : this.#failed, this.#parts.now());
    if (!isKept) this.#parts.outbox.dropSpan();
    return isKept;
  }

  #shows(): boolean {
    const isShown = hasRoom(this.#tapped, this.#parts.now());
    if (!isShown) this.#parts.outbox.dropTap();
    return isShown;
  }
}

function hasRoom(bucket: TokenBucket, now: number): boolean {
  if (bucket.wait(now) > 0) return false;
  bucket.take();
  return true;
}

/** Answers of 5xx, gRPC's like, and whatever the mesh refused or broke off. A caller that went away has not failed. */
function hasFailed({ failure, status, grpcStatus }: FinishedExchange): boolean {
  if (failure !== undefined || status >= 500) return true;
  return grpcStatus !== undefined && grpcStatus !== "" && httpStatusFor(grpcStatus) >= 500;
}
