// Deadlines travel: whoever waits for an answer says for how long, so that nobody works for one that is not waited for any
// more. Two fields say it: Envoy's, in milliseconds, and gRPC's own, which libraries read by themselves.
import { FIELD, type MessageHead } from "../http1/message-head.ts";

const ENVOY = "x-envoy-expected-rq-timeout-ms";
const GRPC = "grpc-timeout";
/** Characters of a line beside its digits. */
const ENVOY_LINE = `${ENVOY}: \r\n`.length;
const GRPC_LINE = `${GRPC}: m\r\n`.length;
/** gRPC takes eight digits: more than a day of milliseconds. */
const LONGEST = 99_999_999;

/** Milliseconds by unit (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md, "Timeout"). */
const UNITS: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1_000,
  m: 1,
  u: 0.001,
  n: 0.000_001,
};

/** Milliseconds that the request's sender waits for its answer, the shortest of what it says; Infinity when it does not say. */
export function deadlineOf(head: MessageHead): number {
  let shortest = Number.POSITIVE_INFINITY;
  if (!head.hasTimeout) return shortest;
  const { bytes, count, names, valueStart, valueEnd } = head;
  for (let index = 0; index < count; index += 1) {
    const name = names[index];
    if (name !== FIELD.X_ENVOY_EXPECTED_RQ_TIMEOUT_MS && name !== FIELD.GRPC_TIMEOUT) continue;
    const value = bytes.toString("latin1", valueStart[index], valueEnd[index]);
    const given = name === FIELD.GRPC_TIMEOUT ? parseGrpc(value) : parseMilliseconds(value);
    shortest = Math.min(shortest, given);
  }
  return shortest;
}

/** Whether the sender tells its time in gRPC's way. */
export function hasGrpcTimeout({ hasTimeout, count, names }: MessageHead): boolean {
  return hasTimeout && names.subarray(0, count).includes(FIELD.GRPC_TIMEOUT);
}

/**
 * The field lines that tell the next one. `size` is that of lines made before for no less time: these then have the same,
 * so that they can be written over them. Blanks after a value mean nothing (RFC 9110 §5.5).
 */
export function timeLeftLines(milliseconds: number, grpc: boolean, size = 0): Buffer {
  const digits = `${Math.min(Math.max(Math.ceil(milliseconds), 1), LONGEST)}`;
  const fixed = grpc ? ENVOY_LINE + GRPC_LINE + 2 * digits.length : ENVOY_LINE + digits.length;
  const blanks = " ".repeat(Math.max(size - fixed, 0) / (grpc ? 2 : 1));
  const line = `${ENVOY}: ${digits}${blanks}\r\n`;
  return Buffer.from(grpc ? `${line}${GRPC}: ${digits}m${blanks}\r\n` : line, "latin1");
}

function parseMilliseconds(value: string): number {
  return /^\d{1,15}$/.test(value) && Number(value) > 0 ? Number(value) : Number.POSITIVE_INFINITY;
}

function parseGrpc(value: string): number {
  const [, digits = "0", unit = ""] = /^(\d{1,8})([HMSmun])$/.exec(value) ?? [];
  const milliseconds = Number(digits) * (UNITS[unit] ?? 0);
  return milliseconds > 0 ? milliseconds : Number.POSITIVE_INFINITY;
}
