// What became of each request, as the load writes it down and the judges read it.

/** `fresh`: HTTP on a connection of its own; `kept`: HTTP on kept connections; `grpc`: a call on one connection. */
export type Kind = "fresh" | "kept" | "grpc";

export const KINDS: readonly Kind[] = ["fresh", "kept", "grpc"];

/** Where the load writes in its container. */
export const HISTORY_FILE = "/tmp/history.jsonl";

/** Milliseconds after which a request counts as failed. */
export const TIMEOUT = 5_000;

/** Begin (wall clock, ms), how long it took (ms), kind, failure (empty for none), the replica that answered. */
export type HistoryRow = readonly [
  begun: number,
  milliseconds: number,
  kind: Kind,
  failure: string,
  replica: string,
];

export interface HistoryLine {
  /** Every request that began before this moment is in this line or an earlier one. */
  readonly complete: number;
  readonly rows: readonly HistoryRow[];
}

export interface AskedRequest {
  readonly kind: Kind;
  /** Wall clock, ms. */
  readonly begun: number;
  readonly ended: number;
  /** Undefined when it was answered as it should be. */
  readonly failure: string | undefined;
  /** The host name of the replica that answered. */
  readonly replica: string | undefined;
}

export interface History {
  /** Sorted by begin. */
  readonly requests: readonly AskedRequest[];
  /** All that began before are there; wall clock, ms. */
  readonly complete: number;
}

/** Reads the file of a load that goes on writing: a last line that is not whole yet is left out. */
export function parseHistory(text: string): History {
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  const lines = whole
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as HistoryLine);
  const requests = lines.flatMap(({ rows }) => rows.map(toRequest));
  return {
    requests: requests.toSorted((a, b) => a.begun - b.begun),
    complete: Math.max(0, ...lines.slice(-1).map(({ complete }) => complete)),
  };
}

function toRequest([begun, milliseconds, kind, failure, replica]: HistoryRow): AskedRequest {
  return {
    ...{ kind, begun, ended: begun + milliseconds },
    failure: failure === "" ? undefined : failure,
    replica: replica === "" ? undefined : replica,
  };
}
