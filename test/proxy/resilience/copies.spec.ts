// How long copies of requests may live, and how many of them: nobody waits for their answers, so nobody misses them.
import assert from "node:assert/strict";
import { beforeEach, describe, it } from "mocha";
import { FixedTargets } from "../../../proxy/balance/fixed-targets.ts";
import type { RequestHandler } from "../../../proxy/http/exchanges.ts";
import { Copies, type CopyLimits } from "../../../proxy/http/mirrored-exchange.ts";
import { OpenExchanges } from "../../../proxy/http/open-exchanges.ts";
import {
  type Destination,
  NO_TRAILERS,
  type OpenExchange,
  type ResponseSink,
  type StreamListener,
} from "../../../proxy/http/streams.ts";
import { eventually } from "../../helpers/eventually.ts";
import { planFor } from "../../helpers/plans.ts";
import { answerToGet, requestHead } from "../http1/heads.ts";

const NOTHING = Buffer.alloc(0);
const LONG = 60_000;

/** Takes requests and answers when it is told to. */
class ScriptedDestination implements Destination {
  readonly key = "scripted";
  readonly asked: StreamListener[] = [];
  aborted = 0;

  open(listener: StreamListener): ReturnType<Destination["open"]> {
    this.asked.push(listener);
    return {
      ready: true,
      send: () => true,
      data: () => true,
      resume: () => undefined,
      abort: () => {
        this.aborted += 1;
      },
    };
  }

  /** All of an answer to the first request, or only its beginning. */
  answer(whole: boolean): void {
    const head = answerToGet("HTTP/1.1 200 OK", "transfer-encoding: chunked");
    this.asked.shift()?.onResponse(head, NOTHING, 0, 0, whole ? NO_TRAILERS : undefined);
  }

  retire(): void {}
  close(): void {}
}

describe("a copy of a request", () => {
  let original: ScriptedDestination;
  let other: ScriptedDestination;
  beforeEach(() => {
    original = new ScriptedDestination();
    other = new ScriptedDestination();
  });

  const exchangesWith = (limits: Partial<CopyLimits>): OpenExchanges =>
    new OpenExchanges(undefined, new Copies({ inFlight: 10, grace: LONG, ...limits }));

  /** A whole request, with a copy. */
  const send = (exchanges: OpenExchanges): OpenExchange => {
    const mirror = planFor([], { targets: new FixedTargets([other]) });
    const handler: RequestHandler = {
      closing: false,
      plan: () => planFor([original], { mirror }),
      review: () => undefined,
      refused: () => undefined,
      finished: () => undefined,
    };
    const sink: ResponseSink = {
      inform: () => undefined,
      respond: () => true,
      data: () => true,
      fail: () => undefined,
      resumeRequest: () => undefined,
    };
    const exchange = exchanges.open(requestHead("GET / HTTP/1.1", "host: a"), sink, handler, false);
    exchange.data(NOTHING, 0, 0, NO_TRAILERS);
    return exchange;
  };

  for (const [how, begins] of [
    ["is not answered", false],
    ["is answered without end", true],
  ] as const) {
    it(`that ${how} is given up soon after its original is over`, async () => {
      send(exchangesWith({ grace: 20 }));
      if (begins) other.answer(false);
      original.answer(true);
      assert.equal(other.aborted, 0);
      await eventually(() => assert.equal(other.aborted, 1));
    });
  }

  it("goes on beside its original for as long as that takes", async () => {
    const exchanges = exchangesWith({ grace: 1 });
    send(exchanges);
    original.answer(false);
    send(exchanges);
    original.answer(true);
    await eventually(() => assert.equal(other.aborted, 1));
    assert.equal(other.asked.length, 2);
  });

  it("is given up at once when its original is", () => {
    send(exchangesWith({})).abort();
    assert.deepEqual([original.aborted, other.aborted], [1, 1]);
  });

  it("is not made when there are too many, until others are over", () => {
    const exchanges = exchangesWith({ inFlight: 2 });
    for (let sent = 0; sent < 3; sent += 1) send(exchanges);
    assert.deepEqual([original.asked.length, other.asked.length], [3, 2]);
    other.answer(true);
    send(exchanges);
    send(exchanges);
    assert.deepEqual([original.asked.length, other.asked.length], [5, 2]);
  });
});
