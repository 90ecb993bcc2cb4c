// Responses that are complete for the mesh and not yet with their caller: a sidecar that stops waits for them too.
import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { afterEach, describe, it } from "mocha";
import { Drain } from "../../mesh/drain.ts";
import { CallerConnection } from "../../proxy/http/caller-connection.ts";
import { CALLER_TIMEOUTS } from "../../proxy/http/caller-surroundings.ts";
import type { RequestHandler } from "../../proxy/http/exchanges.ts";
import { Deadlines } from "../../proxy/transport/deadlines.ts";
import { Output } from "../../proxy/transport/output.ts";
import { ScriptedExchanges } from "./link/scripted-exchanges.ts";
import { StalledWire } from "./link/stalled-wire.ts";

const REQUEST = Buffer.from("GET / HTTP/1.1\r\nHost: orders\r\n\r\n");
const OK = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n";

describe("a response that its caller has not taken", () => {
  const deadlines = new Deadlines();
  afterEach(() => deadlines.close());

  /** A caller with a request that was answered and not read. */
  const slow = (drain: Drain): StalledWire => {
    const wire = new StalledWire();
    const exchanges = new ScriptedExchanges((exchange) => exchange.answer(OK, "hello"));
    const handler = { closing: false } as RequestHandler;
    const refused = (): void => assert.fail("expected no refusal");
    const timeouts = CALLER_TIMEOUTS;
    const around = { output: new Output(), deadlines, exchanges, timeouts, refused, drain };
    new CallerConnection(wire, around, handler);
    wire.receive(REQUEST);
    assert.ok(wire.pending > 0);
    return wire;
  };

  const isDrained = async (drain: Drain): Promise<() => boolean> => {
    let drained = false;
    void drain.start(new AbortController().signal).then(() => {
      drained = true;
    });
    await turn();
    assert.equal(drained, false);
    return () => drained;
  };

  for (const [what, happens] of [
    ["has taken it", (wire: StalledWire) => wire.drain()],
    ["is gone", (wire: StalledWire) => wire.lose()],
  ] as const) {
    it(`holds the sidecar up until the caller ${what}`, async () => {
      const drain = new Drain();
      const wire = slow(drain);
      const drained = await isDrained(drain);
      happens(wire);
      await turn();
      assert.equal(drained(), true);
    });
  }
});
