import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "mocha";
import { readFilter } from "../../../plugin/tap/read-filter.ts";
import type { TapEvent } from "../../../plugin/tap/tap-event.ts";
import { LONGEST_QUEUE, MOST_READERS, Taps } from "../../../plugin/tap/taps.ts";
import {
  batchOf,
  callOfWeb,
  ORDERS_WORKLOAD,
  observedRequest,
  WEB_WORKLOAD,
} from "../../helpers/observed.ts";

const everywhere = (): boolean => true;
const nowhere = (): boolean => false;

describe("those who look at live requests", () => {
  let taps: Taps;
  let changes: number;
  let leave: AbortController;

  beforeEach(() => {
    changes = 0;
    taps = new Taps(() => {
      changes += 1;
    });
    leave = new AbortController();
  });

  afterEach(() => leave.abort());

  const open = (query = "", signal = leave.signal): AsyncIterator<TapEvent> =>
    taps
      .open(
        readFilter(new URLSearchParams(query), (service) => service),
        signal,
      )
      [Symbol.asyncIterator]();

  const next = async (events: AsyncIterator<TapEvent>): Promise<TapEvent> =>
    (await events.next()).value as TapEvent;

  it("see both ends of a request, and who they are", async () => {
    const events = open();
    taps.add(WEB_WORKLOAD, batchOf(callOfWeb()));
    taps.add(ORDERS_WORKLOAD, batchOf(observedRequest()));
    const ends = { source: "shop-web", destination: "shop-orders" };
    assert.deepEqual(await next(events), {
      ...callOfWeb(),
      ...ends,
      ...{ container: "shop-web-1", repeated: false },
    });
    const seen = {
      ...observedRequest(),
      ...ends,
      ...{ container: "shop-orders-1", repeated: false },
    };
    assert.deepEqual(await next(events), seen);
  });

  for (const peer of ["", "spiffe://mesh.test/other", "\u0007"]) {
    it(`see no name of a caller that shows ${JSON.stringify(peer)}`, async () => {
      const events = open();
      taps.add(ORDERS_WORKLOAD, batchOf(observedRequest({ peer })));
      assert.partialDeepStrictEqual(await next(events), { source: "", destination: "shop-orders" });
    });
  }

  it("see no other name than its own for the workload of a sidecar, whatever that says", async () => {
    const events = open();
    const forged = { ...observedRequest(), source: "x", destination: "x", container: "x" };
    taps.add(ORDERS_WORKLOAD, batchOf(forged));
    assert.partialDeepStrictEqual(await next(events), {
      ...{ source: "shop-web", destination: "shop-orders", container: "shop-orders-1" },
    });
  });

  it("see what they asked for, and each of them on their own", async () => {
    const [posts, failures] = [open("method=POST"), open("failed=true")];
    taps.add(
      ORDERS_WORKLOAD,
      batchOf(
        observedRequest(),
        observedRequest({ status: 503 }),
        observedRequest({ method: "POST" }),
      ),
    );
    assert.partialDeepStrictEqual(await next(posts), { method: "POST" });
    assert.partialDeepStrictEqual(await next(failures), { status: 503 });
  });

  it("see nothing of what was before they came", async () => {
    taps.add(ORDERS_WORKLOAD, batchOf(observedRequest({ path: "/before" })));
    const events = open();
    taps.add(ORDERS_WORKLOAD, batchOf(observedRequest({ path: "/after" })));
    assert.partialDeepStrictEqual(await next(events), { path: "/after" });
  });

  it("lose what they do not read in time, and are told how much", async () => {
    const events = open();
    const paths = Array.from({ length: LONGEST_QUEUE + 5 }, (_, index) => `/${index}`);
    for (const path of paths) taps.add(ORDERS_WORKLOAD, batchOf(observedRequest({ path })));
    for (const path of paths.slice(0, LONGEST_QUEUE))
      assert.partialDeepStrictEqual(await next(events), { path });
    assert.deepEqual(await next(events), { dropped: 5 });
    taps.add(ORDERS_WORKLOAD, batchOf(observedRequest({ path: "/after" })));
    assert.partialDeepStrictEqual(await next(events), { path: "/after" });
    assert.equal(taps.dropped, 5);
  });

  it("take nothing away from each other by being slow", async () => {
    const [slow, fast] = [open(), open()];
    for (let index = 0; index < 2 * LONGEST_QUEUE; index += 1) {
      taps.add(ORDERS_WORKLOAD, batchOf(observedRequest({ path: `/${index}` })));
      assert.partialDeepStrictEqual(await next(fast), { path: `/${index}` });
    }
    assert.partialDeepStrictEqual(await next(slow), { path: "/0" });
  });

  it("are told what a sidecar had no room for, where it may have been for them", async () => {
    const [orders, inventory] = [
      open("service=shop-orders"),
      open("service=shop-inventory&source=shop-cron"),
    ];
    taps.add(ORDERS_WORKLOAD, { ...batchOf(), droppedTaps: 3 });
    assert.deepEqual(await next(orders), { dropped: 3 });
    leave.abort();
    assert.equal((await inventory.next()).done, true);
    assert.equal(taps.dropped, 3);
  });

  it("are wanted news of the agent when they come and when they go", async () => {
    assert.equal(taps.wanted("shop-orders", everywhere), false);
    open("service=shop-orders");
    assert.equal(changes, 1);
    assert.equal(taps.wanted("shop-orders", nowhere), true);
    assert.equal(taps.wanted("shop-web", everywhere), true);
    assert.equal(taps.wanted("shop-web", nowhere), false);
    leave.abort();
    assert.equal(changes, 2);
    assert.equal(taps.wanted("shop-orders", everywhere), false);
  });

  it("are gone when they leave the loop", async () => {
    const filter = readFilter(new URLSearchParams(), (service) => service);
    const events = taps.open(filter, leave.signal);
    taps.add(ORDERS_WORKLOAD, batchOf(observedRequest()));
    for await (const _ of events) break;
    assert.equal(taps.wanted("shop-orders", everywhere), false);
    assert.equal(changes, 2);
  });

  it("that had gone already are not waited for", async () => {
    const events = open("", AbortSignal.abort());
    assert.equal((await events.next()).done, true);
    assert.equal(taps.wanted("shop-orders", everywhere), false);
  });

  it("end when told to, also in the middle of what is waiting", async () => {
    const events = open();
    taps.add(ORDERS_WORKLOAD, batchOf(observedRequest(), observedRequest()));
    await next(events);
    leave.abort();
    assert.equal((await events.next()).done, true);
  });

  it("are not too many", () => {
    for (let index = 0; index < MOST_READERS; index += 1) open();
    assert.throws(() => open(), { code: "TAP_LIMIT" });
    leave.abort();
    leave = new AbortController();
    open();
  });
});
