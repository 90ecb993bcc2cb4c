// The corpus of HTTP/1.1 messages, good and bad: `test/golden/http1/cases.json`. Each case says what arrives and what, by
// the RFCs or by a stricter rule of ours, has to become of it; the same cases judge the parser and a running sidecar.
import { readFileSync } from "node:fs";

/** Text stands for bytes, one character each (latin1). */
type Part = string | { readonly repeat: string; readonly times: number };

/** A message as it should come out on the other side. */
export interface ExpectedMessage {
  /** The request line or status line. */
  readonly line: string;
  /**
   * `Name: value`; all fields that are expected, framing included. Names in any case; the order counts among lines of one
   * name alone. `{host}` stands for the name that a proxy fills in for a request without one. What a sidecar adds on its
   * own (`x-forwarded-*`, `traceparent`, `x-mesh-*`) is not listed.
   */
  readonly fields: readonly string[];
  /** Decoded; `""` when absent. */
  readonly body?: string | readonly Part[];
  readonly trailers?: readonly string[];
}

export interface Http1Case {
  readonly name: string;
  /** The rule: RFC and section, or the number of a hazard. */
  readonly section: string;
  /** Who sends `bytes`: a caller, or a destination that was asked. */
  readonly side: "request" | "response";
  /** Of the request that a response answers; GET when absent. */
  readonly method?: string;
  readonly bytes: string | readonly Part[];
  /**
   * `forward`: all of it goes on. `refuse`: the sender is answered with `status` (a destination's caller with 502) and its
   * connection closed. `incomplete`: the sender stops here; no message may look complete on the other side.
   */
  readonly verdict: "forward" | "refuse" | "incomplete";
  readonly status?: number;
  /** What comes out complete; before the fault, where there is one. Empty when absent. */
  readonly messages?: readonly ExpectedMessage[];
  /** Bytes after the last message that are not HTTP: another protocol's, or such as end a connection's use. */
  readonly rest?: string;
}

const FILE = new URL("../golden/http1/cases.json", import.meta.url);

export function loadCases(): readonly Http1Case[] {
  return JSON.parse(readFileSync(FILE, "utf8")) as readonly Http1Case[];
}

/** The bytes of a case or of a body. */
export function toBytes(text: string | readonly Part[]): Buffer {
  const parts = typeof text === "string" ? [text] : text;
  return Buffer.concat(
    parts.map((part) =>
      typeof part === "string"
        ? Buffer.from(part, "latin1")
        : Buffer.from(part.repeat.repeat(part.times), "latin1"),
    ),
  );
}
