// Fields of what is shown of single requests: lines in the log of a sidecar, and spans of traces.
import { type FieldsOf, field } from "../field.ts";
import { percent, word } from "../kinds.ts";
import type { LogPolicy, TracePolicy } from "../policy.ts";

export const LOG_FIELDS: FieldsOf<LogPolicy> = {
  requests: field({
    name: "logs.requests",
    kind: word("off", "errors", "sampled", "all"),
    fallback: "off",
    concerns: "both",
    meaning:
      "For which requests the sidecars at both ends write a line to their logs. `errors`: answers of 5xx, and what the mesh " +
      "refused or broke off; `sampled`: those, and `logs.share` of the others.",
    example: "errors",
  }),
  share: field({
    name: "logs.share",
    kind: percent,
    fallback: "1",
    concerns: "both",
    meaning: "Percent of the requests that went well, under `sampled`.",
    example: "10",
  }),
};

export const TRACE_FIELDS: FieldsOf<TracePolicy> = {
  share: field({
    name: "traces.share",
    kind: percent,
    fallback: "1",
    concerns: "both",
    meaning:
      "Percent of the requests that become spans, where no earlier caller has decided about the trace; what fails does in any case, " +
      "up to 20 a second and sidecar. Nothing happens while the agent has no collector.",
    example: "100",
  }),
  b3: field({
    name: "traces.b3",
    kind: word("off", "single", "multi"),
    fallback: "off",
    concerns: "both",
    meaning:
      "Whether the context of the trace goes on in Zipkin's fields besides `traceparent`: `b3`, or `x-b3-…`. A context that came in " +
      "one of these goes on in it in any case.",
    example: "multi",
  }),
};
