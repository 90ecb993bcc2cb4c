import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "mocha";
import { CollectorClient, type Delivery } from "../../../plugin/traces/collector-client.ts";
import { type DropReason, SpanExporter } from "../../../plugin/traces/exporter.ts";
import { BATCH } from "../../../plugin/traces/span-queue.ts";
import type { ObservedRequest } from "../../../proxy/configuration/observed-request.ts";
import { eventually } from "../../helpers/eventually.ts";
import { ManualClock } from "../../helpers/manual-clock.ts";
import { batchOf, ORDERS_WORKLOAD, observedRequest, WEB_WORKLOAD } from "../../helpers/observed.ts";
import { OtlpReceiver } from "../../helpers/otlp-receiver.ts";
import { parseTraceRequest, type ReceivedRequest } from "../../helpers/otlp-shape.ts";

const TAKEN: Delivery = { kind: "taken", rejected: 0, why: "" };
const LATER: Delivery = { kind: "later", after: undefined, why: "status 503" };
const REFUSED: Delivery = { kind: "refused", why: "status 400: no" };
/** The least that a first pause can be, and what no first pause is longer than, ms. */
const [SHORTEST_PAUSE, PAUSE] = [500, 1_000];

/** Answers what it is told to, in order, and then takes everything. */
class ScriptedClient {
  readonly shown = "http://collector:4318/v1/traces";
  readonly requests: ReceivedRequest[] = [];
  readonly script: (Delivery | Promise<Delivery>)[] = [];
  open = 0;
  mostOpen = 0;

  async send(body: string, signal: AbortSignal): Promise<Delivery> {
    this.requests.push(parseTraceRequest(body));
    this.open += 1;
    this.mostOpen = Math.max(this.mostOpen, this.open);
    const cut = new Promise<Delivery>((resolve) => {
      signal.addEventListener("abort", () => resolve(LATER), { once: true });
    });
    const delivery = await Promise.race([this.script.shift() ?? TAKEN, cut]);
    this.open -= 1;
    return delivery;
  }

  get sizes(): readonly number[] {
    return this.requests.map(({ resourceSpans }) => {
      const spans = resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.map((each) => each.spans));
      return spans.flat().length;
    });
  }
}

let spanIds = 0;

function spanOf(changes: Partial<ObservedRequest> = {}, kept = true): ObservedRequest {
  spanIds += 1;
  const spanId = spanIds.toString(16).padStart(16, "0");
  const traceId = "0af7651916cd43dd8448eb211c80319c";
  return observedRequest({ trace: { traceId, spanId, parentId: "", state: "", kept }, ...changes });
}

const spans = (count: number): ObservedRequest[] => Array.from({ length: count }, () => spanOf());

describe("spans on their way to the collector", () => {
  let clock: ManualClock;
  let client: ScriptedClient;
  let exporter: SpanExporter;
  let stop: AbortController;
  let running: Promise<void>;

  beforeEach(() => {
    clock = new ManualClock();
    client = new ScriptedClient();
    exporter = new SpanExporter({ client, node: "node-a", clock, random: () => 0 });
    stop = new AbortController();
    running = exporter.run(stop.signal);
  });

  afterEach(async () => {
    stop.abort();
    await settled();
    clock.advance(1_000);
    await running;
  });

  /** Lets everything happen that waits for no time to pass. */
  const settled = async (): Promise<void> => {
    for (let turn = 0; turn < 10; turn += 1) await new Promise(setImmediate);
  };
  const pass = async (milliseconds: number): Promise<void> => {
    await settled();
    clock.advance(milliseconds);
    await settled();
  };
  const tell = (...requests: readonly ObservedRequest[]): void =>
    exporter.add(ORDERS_WORKLOAD, batchOf(...requests));
  const dropped = (): Partial<Record<DropReason, number>> =>
    Object.fromEntries([...exporter.dropped].filter(([, count]) => count > 0));
  const codes = (): readonly string[] => exporter.problems.map(({ code }) => code);

  it("are gathered for a second, by who tells them", async () => {
    tell(spanOf());
    exporter.add(WEB_WORKLOAD, batchOf(spanOf()));
    await pass(900);
    tell(spanOf());
    await pass(99);
    assert.equal(client.requests.length, 0);
    await pass(1);
    const [request] = client.requests;
    const tellers = request?.resourceSpans.map(({ resource, scopeSpans }) => [
      resource.attributes.find(({ key }) => key === "service.name")?.value,
      scopeSpans[0]?.spans.length,
    ]);
    assert.deepEqual(tellers, [
      [{ stringValue: "shop-orders" }, 2],
      [{ stringValue: "shop-web" }, 1],
    ]);
    assert.equal(exporter.exported, 3);
    assert.deepEqual(dropped(), {});
  });

  it("are only those that were kept", async () => {
    tell(observedRequest(), spanOf({}, false));
    await pass(2_000);
    assert.equal(client.requests.length, 0);
    assert.equal(exporter.exported, 0);
  });

  it("are sent at once when there are enough, and no more than that in one request", async () => {
    tell(...spans(BATCH + 3));
    await settled();
    assert.deepEqual(client.sizes, [BATCH, 3]);
  });

  it("are as many as fit in a megabyte, however long they are", async () => {
    const path = `/${"x".repeat(1_000)}`;
    const long = Array.from({ length: BATCH }, () => spanOf({ path, reason: path.slice(0, 600) }));
    const state = "x".repeat(8_000);
    for (const request of long)
      tell({ ...request, trace: request.trace && { ...request.trace, state } });
    await pass(1_000);
    assert.equal(exporter.exported, BATCH);
    assert.ok(client.sizes.length > 4, `${client.sizes.length} requests`);
  });

  it("are sent one request at a time", async () => {
    const slow = Promise.withResolvers<Delivery>();
    client.script.push(slow.promise);
    tell(...spans(3 * BATCH));
    await settled();
    assert.deepEqual(client.sizes, [BATCH]);
    slow.resolve(TAKEN);
    await settled();
    assert.deepEqual(client.sizes, [BATCH, BATCH, BATCH]);
    assert.equal(client.mostOpen, 1);
  });

  it("are sent again while the collector says so, with pauses that grow, and that is a problem meanwhile", async () => {
    client.script.push(LATER, LATER, LATER, LATER);
    tell(spanOf());
    await pass(1_000);
    assert.deepEqual(codes(), []);
    await pass(SHORTEST_PAUSE);
    assert.deepEqual(exporter.problems, [
      {
        subject: "traces",
        code: "COLLECTOR_UNAVAILABLE",
        message:
          "spans wait for the collector at http://collector:4318/v1/traces, and are lost when there is no more room: status 503",
      },
    ]);
    for (const pause of [2, 4, 8].map((factor) => factor * SHORTEST_PAUSE)) {
      const before = client.requests.length;
      await pass(pause - 1);
      assert.equal(client.requests.length, before);
      await pass(1);
      assert.equal(client.requests.length, before + 1);
    }
    assert.deepEqual(codes(), []);
    assert.equal(exporter.exported, 1);
    assert.deepEqual(dropped(), {});
  });

  it("wait as long as the collector wants them to", async () => {
    client.script.push({ ...LATER, after: 20_000 });
    tell(spanOf());
    await pass(1_000);
    await pass(19_999);
    assert.equal(client.requests.length, 1);
    await pass(1);
    assert.equal(client.requests.length, 2);
  });

  it("are lost after five minutes, however long the collector wants them to wait", async () => {
    client.script.push({ ...LATER, after: 365 * 86_400_000 });
    tell(spanOf());
    await pass(1_000);
    await pass(300_000);
    assert.deepEqual(dropped(), { "too-old": 1 });
    tell(spanOf());
    await pass(1_000);
    assert.equal(exporter.exported, 1);
  });

  it("are not sent again when the collector does not want them", async () => {
    client.script.push(REFUSED);
    tell(spanOf(), spanOf());
    await pass(1_000);
    assert.deepEqual(dropped(), { refused: 2 });
    assert.deepEqual(exporter.problems, [
      {
        subject: "traces",
        code: "COLLECTOR_REFUSED",
        message:
          "the collector at http://collector:4318/v1/traces refuses all spans, which are lost: status 400: no",
      },
    ]);
    await pass(60_000);
    assert.equal(client.requests.length, 1);
    tell(spanOf());
    await pass(1_000);
    assert.deepEqual(codes(), []);
  });

  it("are counted by what the collector has taken of them", async () => {
    client.script.push({ kind: "taken", rejected: 2, why: "too long" }, { ...TAKEN, rejected: 99 });
    tell(...spans(5));
    await pass(1_000);
    assert.deepEqual([exporter.exported, dropped()], [3, { refused: 2 }]);
    assert.match(
      exporter.problems[0]?.message ?? "",
      /refuses some spans, which are lost: too long$/,
    );
    tell(spanOf());
    await pass(1_000);
    assert.deepEqual([exporter.exported, dropped()], [3, { refused: 3 }]);
  });

  it("are as many as there is room for while the collector is away, and the others are counted", async () => {
    client.script.push(...Array.from({ length: 20 }, () => LATER));
    for (let round = 0; round < 40; round += 1) tell(...spans(256));
    await pass(1_000);
    const lost = 40 * 256 - 8_192;
    assert.deepEqual(dropped(), { "queue-full": lost });
    await pass(600_000);
    assert.deepEqual(dropped(), { "queue-full": lost, "too-old": 8_192 });
    assert.equal(exporter.exported, 0);
  });

  it("that a sidecar had no room for are counted", async () => {
    exporter.add(ORDERS_WORKLOAD, { ...batchOf(), droppedSpans: 7 });
    assert.deepEqual(dropped(), { sidecar: 7 });
  });

  it("are sent at once when the agent stops", async () => {
    tell(spanOf());
    await settled();
    stop.abort();
    await settled();
    assert.deepEqual(client.sizes, [1]);
    await running;
    assert.equal(exporter.exported, 1);
  });

  it("that wait for a collector that is away are tried once more when the agent stops, and it stops", async () => {
    client.script.push(LATER, LATER);
    tell(spanOf());
    await pass(1_000);
    stop.abort();
    await running;
    assert.deepEqual(client.sizes, [1, 1]);
    assert.deepEqual(dropped(), { "too-old": 1 });
  });

  it("hold a stopping agent no longer than a second, however many there are", async () => {
    client.script.push(new Promise(() => undefined));
    tell(...spans(3 * BATCH));
    await settled();
    stop.abort();
    await pass(999);
    assert.equal(client.open, 1);
    await pass(1);
    await running;
    assert.deepEqual(client.sizes, [BATCH]);
  });

  it("begin with a short pause again once the collector has taken some", async () => {
    client.script.push(LATER, TAKEN, LATER);
    tell(spanOf());
    await pass(1_000);
    await pass(PAUSE);
    assert.equal(exporter.exported, 1);
    tell(spanOf());
    await pass(1_000);
    await pass(SHORTEST_PAUSE);
    assert.equal(exporter.exported, 2);
  });
});

describe("spans for a real collector", () => {
  it("arrive, be it down at first", async () => {
    await using receiver = new OtlpReceiver();
    const url = await receiver.listen();
    const { port } = new URL(url);
    await receiver[Symbol.asyncDispose]();
    const settings = { url: `${url}/v1/traces`, headers: {}, certificate: undefined, gzip: true };
    using client = new CollectorClient(settings);
    const clock = new ManualClock();
    const exporter = new SpanExporter({ client, node: "node-a", clock });
    const stop = new AbortController();
    const running = exporter.run(stop.signal);
    exporter.add(ORDERS_WORKLOAD, batchOf(spanOf({ path: "/für/alle" })));
    const problems = (): readonly string[] => exporter.problems.map(({ code }) => code);
    await eventually(() => {
      clock.advance(100);
      assert.deepEqual(problems(), ["COLLECTOR_UNAVAILABLE"]);
    });
    await using later = new OtlpReceiver();
    await later.listen("127.0.0.1", Number(port));
    await eventually(() => {
      clock.advance(100);
      assert.deepEqual([later.spans.length, problems()], [1, []]);
    });
    assert.deepEqual(later.violations, []);
    const path = later.spans[0]?.attributes.find(({ key }) => key === "url.path");
    assert.deepEqual(path?.value, { stringValue: "/für/alle" });
    stop.abort();
    await eventually(() => assert.equal(exporter.exported, 1));
    clock.advance(1_000);
    await running;
  });
});
