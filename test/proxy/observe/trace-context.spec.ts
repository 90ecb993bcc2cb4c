// The trace that a request belongs to: what is believed of what came, and what goes on.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { TracePolicy } from "../../../mesh/policy/policy.ts";
import { DEFAULT_POLICY } from "../../../mesh/policy/read-policy.ts";
import type { TraceIds } from "../../../proxy/configuration/observed-request.ts";
import { Tracer } from "../../../proxy/observe/tracer.ts";
import { requestHead } from "../http1/heads.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const PARENT = "b7ad6b7169203331";
const SHORT = "00f067aa0ba902b7";

interface Passed {
  readonly ids: TraceIds;
  readonly sampled: boolean;
  /** Field lines for the next one, by name. */
  readonly sent: Readonly<Record<string, string>>;
}

/** What becomes of a request with these fields where that percentage of new traces is sampled. */
function pass(fields: readonly string[], share = 0, b3: TracePolicy["b3"] = "off"): Passed {
  const tracer = new Tracer();
  tracer.enabled = true;
  const head = requestHead("GET / HTTP/1.1", "host: a", ...fields);
  const trace = tracer.begin(head, { share, b3 });
  assert.ok(trace !== undefined);
  const text = trace.lines.toString("latin1");
  const lines = text.split("\r\n").slice(0, -1);
  const sent = Object.fromEntries(lines.map((line) => line.split(": ") as [string, string]));
  return { ids: trace.ids(`GET / HTTP/1.1\r\n${text}\r\n`, false), sampled: trace.sampled, sent };
}

/** A new trace has no parent, and nothing of what came. */
function assertBegun({ ids, sent }: Passed): void {
  assert.match(ids.traceId, /^[0-9a-f]{32}$/);
  assert.notEqual(ids.traceId, TRACE);
  assert.equal(ids.parentId, "");
  assert.equal(sent["tracestate"], undefined);
}

describe("the trace of a request", () => {
  it("is nobody's business while nobody collects", () => {
    const head = requestHead("GET / HTTP/1.1", "host: a", `traceparent: 00-${TRACE}-${PARENT}-01`);
    assert.equal(new Tracer().begin(head, DEFAULT_POLICY.traces), undefined);
  });

  it("begins with the first request, and each has another", () => {
    const [first, second] = [pass([]), pass([])];
    assertBegun(first);
    assert.notEqual(first.ids.traceId, second.ids.traceId);
    assert.notEqual(first.ids.spanId, second.ids.spanId);
    assert.equal(first.sent["traceparent"], `00-${first.ids.traceId}-${first.ids.spanId}-02`);
  });

  it("is sampled by the share of the policy when it begins", () => {
    assert.equal(pass([], 0).sampled, false);
    assert.equal(pass([], 100).sampled, true);
    assert.match(pass([], 100).sent["traceparent"] ?? "", /-03$/);
    const sampled = Array.from({ length: 20_000 }, () => pass([], 25).sampled).filter(Boolean);
    assert.ok(Math.abs(sampled.length - 5_000) < 400, `${sampled.length} of 20,000`);
  });

  describe("goes on as W3C has it", () => {
    for (const [flags, sampled, sentFlags] of [
      ["00", false, "00"],
      ["01", true, "01"],
      ["02", false, "02"],
      ["03", true, "03"],
      ["ff", true, "03"],
    ] as const) {
      it(`with flags ${flags}, whatever the share`, () => {
        const passed = pass([`traceparent: 00-${TRACE}-${PARENT}-${flags}`], sampled ? 0 : 100);
        const { ids, sent } = passed;
        assert.deepEqual([ids.traceId, ids.parentId, passed.sampled], [TRACE, PARENT, sampled]);
        assert.notEqual(ids.spanId, PARENT);
        assert.deepEqual(sent, { traceparent: `00-${TRACE}-${ids.spanId}-${sentFlags}` });
      });
    }

    it("with its tracestate, all fields of it in order", () => {
      const lines = ["tracestate: a=1,b=2", "x: y", "TraceState: c=3"];
      const { ids, sent } = pass([`traceparent: 00-${TRACE}-${PARENT}-01`, ...lines]);
      assert.equal(sent["tracestate"], "a=1,b=2, c=3");
      assert.equal(ids.state, "a=1,b=2, c=3");
    });

    it("with a tracestate of 512 characters and more, but not of any length", () => {
      const parent = `traceparent: 00-${TRACE}-${PARENT}-01`;
      const long = `a=${"1".repeat(510)}`;
      assert.equal(pass([parent, `tracestate: ${long}`]).sent["tracestate"], long);
      const endless = `a=${"1".repeat(9_000)}`;
      assert.equal(pass([parent, `tracestate: ${endless}`]).sent["tracestate"], undefined);
    });

    it("in the same way beside other fields", () => {
      for (const digit of "0123456789abcdef") {
        const value = `00-${TRACE.slice(1)}${digit}-${digit.repeat(15)}8-0${digit}`;
        const alone = pass([`traceparent: ${value}`]);
        const beside = pass([`traceparent: ${value}`, "x-b3-: none"]);
        assert.deepEqual({ ...beside.ids, spanId: "" }, { ...alone.ids, spanId: "" });
        assert.equal(beside.sampled, alone.sampled);
      }
    });

    it("from a later version, of which the first four parts are read", () => {
      for (const value of [`cc-${TRACE}-${PARENT}-01`, `cc-${TRACE}-${PARENT}-01-what-follows`]) {
        const { ids, sent } = pass([`traceparent: ${value}`]);
        assert.equal(ids.traceId, TRACE);
        assert.match(sent["traceparent"] ?? "", /^00-/);
      }
    });
  });

  describe("begins anew, and leaves tracestate behind, with", () => {
    const zero = "0".repeat(32);
    for (const value of [
      "",
      "00",
      `00-${TRACE}-${PARENT}`,
      `00-${TRACE}-${PARENT}-0`,
      `00-${TRACE}-${PARENT}-01-more`,
      `00-${TRACE}-${PARENT}-01.`,
      `cc-${TRACE}-${PARENT}-01.more`,
      `ff-${TRACE}-${PARENT}-01`,
      `0g-${TRACE}-${PARENT}-01`,
      `00-${TRACE.toUpperCase()}-${PARENT}-01`,
      `00-${TRACE}-${PARENT.toUpperCase()}-01`,
      `00-${TRACE}-${PARENT}-0X`,
      `00-${zero}-${PARENT}-01`,
      `00-${TRACE}-${zero.slice(16)}-01`,
      `00_${TRACE}_${PARENT}_01`,
      `00-${TRACE.slice(1)}g-${PARENT}-01`,
      `00-${TRACE}-${PARENT}-01,00-${TRACE}-${PARENT}-01`,
      "\xff".repeat(55),
    ]) {
      it(JSON.stringify(value), () => {
        assertBegun(pass([`traceparent: ${value}`, "tracestate: a=1"]));
      });
    }

    it("two of them, of which nobody knows which is right", () => {
      const line = `traceparent: 00-${TRACE}-${PARENT}-01`;
      assertBegun(pass([line, line, "tracestate: a=1"]));
    });

    it("a tracestate alone", () => {
      assertBegun(pass(["tracestate: a=1"]));
    });
  });

  describe("goes on in Zipkin's forms when it came so", () => {
    it("in one field", () => {
      const { ids, sampled, sent } = pass([`b3: ${TRACE}-${PARENT}-1-05e3ac9a4f6e3b90`]);
      assert.deepEqual([ids.traceId, ids.parentId, sampled], [TRACE, PARENT, true]);
      assert.deepEqual(sent, {
        traceparent: `00-${TRACE}-${ids.spanId}-01`,
        b3: `${TRACE}-${ids.spanId}-1-${PARENT}`,
      });
    });

    it("in several, in any case of their digits", () => {
      const lines = [`X-B3-TraceId: ${TRACE.toUpperCase()}`, `X-B3-SpanId: ${PARENT}`];
      const { ids, sent } = pass([...lines, "X-B3-Sampled: 0"], 100);
      assert.equal(ids.traceId, TRACE);
      assert.deepEqual(sent, {
        traceparent: `00-${TRACE}-${ids.spanId}-00`,
        "x-b3-traceid": TRACE,
        "x-b3-spanid": ids.spanId,
        "x-b3-parentspanid": PARENT,
        "x-b3-sampled": "0",
      });
    });

    it("with an id of 64 bits, which stays one", () => {
      const { ids, sent } = pass([`b3: ${SHORT}-${PARENT}-1`]);
      assert.equal(ids.traceId, `${"0".repeat(16)}${SHORT}`);
      assert.equal(sent["b3"], `${SHORT}-${ids.spanId}-1-${PARENT}`);
    });

    for (const [what, fields, sampled] of [
      ["debug in one field", [`b3: ${TRACE}-${PARENT}-d`], true],
      [
        "debug in several",
        [`x-b3-traceid: ${TRACE}`, `x-b3-spanid: ${PARENT}`, "x-b3-flags: 1"],
        true,
      ],
      ["true", [`x-b3-traceid: ${TRACE}`, `x-b3-spanid: ${PARENT}`, "x-b3-sampled: true"], true],
      ["the first of several", [`b3: ${TRACE}-${PARENT}-1`, `b3: ${SHORT}-${PARENT}-0`], true],
    ] as const) {
      it(`with ${what}`, () => {
        const passed = pass(fields);
        assert.deepEqual([passed.ids.traceId, passed.sampled], [TRACE, sampled]);
      });
    }

    it("and is decided here when nobody has decided", () => {
      const fields = [`b3: ${TRACE}-${PARENT}`];
      assert.deepEqual([pass(fields, 0).sampled, pass(fields, 100).sampled], [false, true]);
      assert.equal(pass(fields, 100).ids.traceId, TRACE);
    });

    it("with nothing but the decision, of a trace that begins here", () => {
      for (const [fields, sampled] of [
        [["b3: 0"], false],
        [["b3: 1"], true],
        [["b3: d"], true],
        [["x-b3-sampled: 0"], false],
        [["x-b3-flags: 1"], true],
      ] as const) {
        const passed = pass(fields, sampled ? 0 : 100);
        assertBegun(passed);
        assert.equal(passed.sampled, sampled);
      }
    });

    it("beside W3C's, which counts", () => {
      const fields = [`traceparent: 00-${TRACE}-${PARENT}-01`, `b3: ${SHORT}-${PARENT}-0`];
      const { ids, sampled, sent } = pass(fields);
      assert.deepEqual([ids.traceId, sampled], [TRACE, true]);
      assert.equal(sent["b3"], `${TRACE}-${ids.spanId}-1-${PARENT}`);
    });

    for (const fields of [
      ["b3: "],
      ["b3: 2"],
      [`b3: ${TRACE}`],
      [`b3: ${TRACE}-${PARENT}-x`],
      [`b3: ${TRACE}-${PARENT}-1-${PARENT}-1`],
      [`b3: ${TRACE}g-${PARENT}-1`],
      [`b3: ${"0".repeat(32)}-${PARENT}-1`],
      [`x-b3-traceid: ${TRACE}`],
      [`x-b3-spanid: ${PARENT}`],
      [`x-b3-traceid: ${TRACE}`, `x-b3-spanid: ${PARENT}`, "x-b3-sampled: maybe"],
      ["x-b3-: 1"],
    ]) {
      it(`but not from ${JSON.stringify(fields)}`, () => {
        const passed = pass(fields);
        assertBegun(passed);
        assert.deepEqual(Object.keys(passed.sent), ["traceparent"]);
      });
    }
  });

  it("goes on in Zipkin's forms where the policy wants it", () => {
    const single = pass([], 100, "single");
    assert.equal(single.sent["b3"], `${single.ids.traceId}-${single.ids.spanId}-1`);
    const multi = pass([`traceparent: 00-${TRACE}-${PARENT}-00`], 100, "multi");
    assert.equal(multi.sent["x-b3-traceid"], TRACE);
    assert.equal(multi.sent["x-b3-sampled"], "0");
    const both = pass([`b3: ${TRACE}-${PARENT}-1`], 0, "multi");
    assert.deepEqual(Object.keys(both.sent).filter((name) => name.includes("b3")).length, 5);
  });
});
