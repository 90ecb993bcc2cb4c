// Spans on their way from the node's sidecars to the collector: gathered for a moment, sent one batch at a time, tried again while
// the collector says so. A collector that is away or slow costs spans, which are counted, and nothing else.
import { once } from "node:events";
import { Backoff } from "../../mesh/backoff.ts";
import type { Clock } from "../../mesh/clock.ts";
import { Latest } from "../../mesh/latest.ts";
import type { ObservedRequests } from "../../proxy/configuration/observed-request.ts";
import type { ObservedWorkload } from "../observation/observed-workload.ts";
import type { Problem } from "../status.ts";
import { AGENT_VERSION } from "../version.ts";
import type { CollectorClient, Delivery } from "./collector-client.ts";
import { SpanQueue, type WaitingSpan } from "./span-queue.ts";
import { resourceAttributes, toSpan } from "./spans.ts";

/** Spans are gathered for so long, ms, unless there are enough for a request before. */
const GATHER = 1_000;
/** Spans that wait longer are of no use, ms; nor is a `Retry-After` beyond. */
const LONGEST_WAIT = 300_000;
/** For what is left when the agent is stopped, ms. */
const LAST_FLUSH = 1_000;
const RETRY = { base: 1_000, max: 30_000 };

/** Why spans are lost: no room here, not wanted by the collector, waited too long, no room in a sidecar. */
export const DROP_REASONS = ["queue-full", "refused", "too-old", "sidecar"] as const;
export type DropReason = (typeof DROP_REASONS)[number];

export interface ExporterParts {
  readonly client: Pick<CollectorClient, "send" | "shown">;
  /** The engine's name. */
  readonly node: string;
  readonly clock: Clock;
  readonly random?: () => number;
}

export class SpanExporter {
  readonly #parts: ExporterParts;
  readonly #backoff: Backoff;
  readonly #queue = new SpanQueue();
  readonly #wake = new Latest<undefined>();
  readonly #dropped = new Map<DropReason, number>(DROP_REASONS.map((reason) => [reason, 0]));
  #exported = 0;
  #gathering = new AbortController();
  #trouble: Pick<Problem, "code" | "message"> | undefined;
  /** Times in a row that the collector could not be reached or wanted the spans later. */
  #delays = 0;

  constructor(parts: ExporterParts) {
    this.#parts = parts;
    this.#backoff = new Backoff(RETRY, parts.random);
  }

  /** Spans that the collector has taken, since the agent started. */
  get exported(): number {
    return this.#exported;
  }

  /** Since the agent started. */
  get dropped(): ReadonlyMap<DropReason, number> {
    return this.#dropped;
  }

  get problems(): readonly Problem[] {
    return this.#trouble === undefined ? [] : [{ subject: "traces", ...this.#trouble }];
  }

  /** What one sidecar has told. */
  add(workload: ObservedWorkload, { requests, droppedSpans }: ObservedRequests): void {
    this.#drop("sidecar", droppedSpans);
    const { node, clock } = this.#parts;
    const resource = JSON.stringify({ attributes: resourceAttributes(workload, node) });
    const at = clock.monotonic();
    for (const request of requests) {
      if (request.trace?.kept !== true) continue;
      const span = JSON.stringify(toSpan(request, request.trace));
      if (!this.#queue.add({ resource, span, at })) this.#drop("queue-full", 1);
    }
    if (this.#queue.size === 0) return;
    this.#wake.set(undefined);
    if (this.#queue.isBatch) this.#gathering.abort();
  }

  /** Sends until the signal aborts, and what there is then within one more second. */
  async run(signal: AbortSignal): Promise<void> {
    const done = new AbortController();
    const cut = new AbortController();
    const closing = this.#cutLate(signal, done.signal, cut);
    for await (const _ of this.#wake.values(signal)) {
      await this.#gather(signal);
      await this.#sendAll(signal, cut.signal);
    }
    await this.#sendAll(signal, cut.signal);
    done.abort();
    await closing;
  }

  async #cutLate(stopped: AbortSignal, done: AbortSignal, cut: AbortController): Promise<void> {
    if (!stopped.aborted) await once(stopped, "abort");
    await this.#parts.clock.sleep(LAST_FLUSH, done).catch(() => undefined);
    cut.abort(new Error("the agent stops"));
  }

  async #gather(signal: AbortSignal): Promise<void> {
    this.#gathering = new AbortController();
    if (this.#queue.isBatch) return;
    const either = AbortSignal.any([signal, this.#gathering.signal]);
    await this.#parts.clock.sleep(GATHER, either).catch(() => undefined);
  }

  async #sendAll(signal: AbortSignal, cut: AbortSignal): Promise<void> {
    for (let batch = this.#queue.take(); batch.length > 0; batch = this.#queue.take())
      await this.#sendBatch(batch, signal, cut);
  }

  async #sendBatch(
    batch: readonly WaitingSpan[],
    signal: AbortSignal,
    cut: AbortSignal,
  ): Promise<void> {
    const { client, clock } = this.#parts;
    let left = this.#withoutOld(batch);
    while (left.length > 0) {
      const delivery = cut.aborted ? STOPPED : await client.send(writeBody(left), cut);
      this.#note(delivery);
      if (delivery.kind !== "later") return this.#count(delivery, left.length);
      // Nobody is there any more to try again for.
      if (signal.aborted) return this.#drop("too-old", left.length);
      const pause = Math.max(this.#backoff.next(), delivery.after ?? 0);
      await clock.sleep(Math.min(pause, LONGEST_WAIT), signal).catch(() => undefined);
      left = this.#withoutOld(left);
    }
  }

  #withoutOld(batch: readonly WaitingSpan[]): readonly WaitingSpan[] {
    const oldest = this.#parts.clock.monotonic() - LONGEST_WAIT;
    const fresh = batch.filter(({ at }) => at > oldest);
    this.#drop("too-old", batch.length - fresh.length);
    return fresh;
  }

  #count(delivery: Exclude<Delivery, { kind: "later" }>, size: number): void {
    const refused = delivery.kind === "refused" ? size : Math.min(delivery.rejected, size);
    this.#exported += size - refused;
    this.#drop("refused", refused);
  }

  #note(delivery: Delivery): void {
    const { shown } = this.#parts.client;
    this.#delays = delivery.kind === "later" ? this.#delays + 1 : 0;
    if (delivery.kind !== "later") this.#backoff.reset();
    if (delivery.kind === "taken" && delivery.rejected === 0) this.#trouble = undefined;
    else if (delivery.kind === "later") {
      // An idle connection may have been closed just then: that is nobody's problem.
      if (this.#delays === 1) return;
      const message = `spans wait for the collector at ${shown}, and are lost when there is no more room: ${delivery.why}`;
      this.#trouble = { code: "COLLECTOR_UNAVAILABLE", message };
    } else {
      const some = delivery.kind === "taken" ? "some" : "all";
      const why = delivery.why === "" ? "" : `: ${delivery.why}`;
      const message = `the collector at ${shown} refuses ${some} spans, which are lost${why}`;
      this.#trouble = { code: "COLLECTOR_REFUSED", message };
    }
  }

  #drop(reason: DropReason, count: number): void {
    this.#dropped.set(reason, (this.#dropped.get(reason) ?? 0) + count);
  }
}

const STOPPED: Delivery = { kind: "later", after: undefined, why: "the agent stops" };
const SCOPE = JSON.stringify({ name: "docker-mesh", version: AGENT_VERSION });

/** OTLP's ExportTraceServiceRequest. */
function writeBody(batch: readonly WaitingSpan[]): string {
  const groups = [...Map.groupBy(batch, ({ resource }) => resource)].map(([resource, spans]) => {
    const list = spans.map(({ span }) => span).join(",");
    return `{"resource":${resource},"scopeSpans":[{"scope":${SCOPE},"spans":[${list}]}]}`;
  });
  return `{"resourceSpans":[${groups.join(",")}]}`;
}
