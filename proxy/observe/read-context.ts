// What a request says about its trace in other ways than with `traceparent` alone, of which `trace-line.ts` makes short work.
// What is malformed says nothing: the trace begins anew, and nothing of it goes on.
import type { TracePolicy } from "../../mesh/policy/policy.ts";
import { type MessageHead, TRACED } from "../http1/message-head.ts";

export interface TraceContext {
  /** 32 digits in lower case; "" of a trace that is still to begin. */
  readonly traceId: string;
  /** 16 digits, the sender's span; "" as above. */
  readonly spanId: string;
  /** Undefined: nobody has decided yet. */
  readonly sampled: boolean | undefined;
  /** W3C's flag that the trace id's last bits are random. */
  readonly random: boolean;
  /** Zipkin's form, if it came in one. */
  readonly b3: TracePolicy["b3"];
  /** Zipkin's trace id had 64 bits. */
  readonly short: boolean;
  /** `tracestate`, which goes on as it came; "" without. */
  readonly state: string;
}

/** W3C Trace Context §3.2: later versions may have more behind the four parts (§4.3). */
const PARENT = /^(?!ff)([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const ZEROES = /^0*$/;
/** Characters of `tracestate`; at least 512 must go on (§3.3.1.5). */
const MOST_STATE = 8_192;

/** Undefined when it says nothing that counts. `traceparent` comes before `b3`, and that before `x-b3-…`. */
export function readContext(head: MessageHead): TraceContext | undefined {
  const w3c = readParent(head);
  const b3 = readB3(head);
  if (w3c === undefined) return b3;
  if (b3 === undefined) return w3c;
  return { ...w3c, b3: b3.b3, short: b3.short && ZEROES.test(w3c.traceId.slice(0, 16)) };
}

/** Of several fields none is to be believed (§3.2): their joined values are none. */
function readParent(head: MessageHead): TraceContext | undefined {
  if ((head.traced & TRACED.PARENT) === 0) return undefined;
  const parts = PARENT.exec(head.fieldText("traceparent") ?? "");
  if (parts === null) return undefined;
  const [, version, traceId = "", spanId = "", flags = "", more] = parts;
  if (version === "00" && more !== undefined) return undefined;
  if (ZEROES.test(traceId) || ZEROES.test(spanId)) return undefined;
  const bits = Number.parseInt(flags, 16);
  return {
    traceId,
    spanId,
    sampled: (bits & 1) === 1,
    random: (bits & 2) === 2,
    b3: "off",
    short: false,
    state: readState(head),
  };
}

function readState(head: MessageHead): string {
  const state = (head.traced & TRACED.STATE) === 0 ? "" : (head.fieldText("tracestate") ?? "");
  return state.length > MOST_STATE ? "" : state;
}

/** https://github.com/openzipkin/b3-propagation; of fields that come twice the first counts. */
function readB3(head: MessageHead): TraceContext | undefined {
  const value = (name: string): string => (head.fieldText(name) ?? "").split(",")[0]?.trim() ?? "";
  const single = (head.traced & TRACED.B3) === 0 ? undefined : fromSingle(value("b3"));
  if (single !== undefined || (head.traced & TRACED.X_B3) === 0) return single;
  const state = value("x-b3-flags") === "1" ? "d" : value("x-b3-sampled");
  return fromTexts(value("x-b3-traceid"), value("x-b3-spanid"), state, "multi");
}

function fromSingle(text: string): TraceContext | undefined {
  if (!text.includes("-")) return fromTexts("", "", text, "single");
  const [trace = "", span = "", state = "", ...others] = text.split("-");
  return others.length > 1 ? undefined : fromTexts(trace, span, state, "single");
}

const DECISIONS: ReadonlyMap<string, boolean> = new Map([
  ["0", false],
  ["1", true],
  ["d", true],
  ["false", false],
  ["true", true],
]);

function fromTexts(
  trace: string,
  span: string,
  state: string,
  b3: "single" | "multi",
): TraceContext | undefined {
  const sampled = DECISIONS.get(state.toLowerCase());
  if (state !== "" && sampled === undefined) return undefined;
  const rest = { sampled, random: false, b3, short: trace.length === 16, state: "" };
  // A decision about a trace that is still to begin.
  if (trace === "" && span === "")
    return sampled === undefined ? undefined : { ...rest, traceId: "", spanId: "" };
  if (!/^(?:[0-9a-f]{16}){1,2}$/i.test(trace) || !/^[0-9a-f]{16}$/i.test(span)) return undefined;
  if (ZEROES.test(trace) || ZEROES.test(span)) return undefined;
  return { ...rest, traceId: trace.toLowerCase().padStart(32, "0"), spanId: span.toLowerCase() };
}
