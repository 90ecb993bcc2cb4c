// What goes on about a trace besides `traceparent`: `tracestate` as it came, and Zipkin's forms.
import type { TracePolicy } from "../../mesh/policy/policy.ts";
import type { TraceContext } from "./read-context.ts";
import { idsIn, SAMPLED } from "./trace-line.ts";

/** `line`: the line that tells of the trace already. `wanted`: Zipkin's form that goes on in any case. */
export function moreLines(
  line: Buffer,
  came: TraceContext | undefined,
  wanted: TracePolicy["b3"],
): string {
  const { traceId: whole, spanId } = idsIn(`\r\n${line.toString("latin1")}`);
  const traceId = came?.short === true ? whole.slice(16) : whole;
  const sampled = (line.at(-3) ?? 0) & SAMPLED;
  const forms = [wanted, came?.b3];
  const parentId = came?.spanId ?? "";
  let lines = came === undefined || came.state === "" ? "" : `tracestate: ${came.state}\r\n`;
  if (forms.includes("single")) {
    const parent = parentId === "" ? "" : `-${parentId}`;
    lines += `b3: ${traceId}-${spanId}-${sampled}${parent}\r\n`;
  }
  if (forms.includes("multi")) {
    lines += `x-b3-traceid: ${traceId}\r\nx-b3-spanid: ${spanId}\r\nx-b3-sampled: ${sampled}\r\n`;
    if (parentId !== "") lines += `x-b3-parentspanid: ${parentId}\r\n`;
  }
  return lines;
}
