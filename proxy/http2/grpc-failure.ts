// How the mesh's own failures look to a gRPC caller: always HTTP 200, with the outcome in fields
// (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md, "Responses"). By an HTTP status alone, libraries would
// have to guess what happened.
import type { FailureCode } from "../failures.ts";

/** https://grpc.io/docs/guides/status-codes */
const STATUS = {
  DEADLINE_EXCEEDED: 4,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  UNAUTHENTICATED: 16,
} as const;

/** The fields that stand for a failure; `status` is what HTTP alone would say. */
export function grpcFailureFields(code: FailureCode, status: number, text: string): string[] {
  return [
    ...["content-type", "application/grpc", "grpc-status", String(grpcStatusFor(code, status))],
    ...["grpc-message", encodeMessage(text.trimEnd())],
  ];
}

/** What a failure is to a gRPC caller. UNAVAILABLE is what callers try again by themselves. */
export function grpcStatusFor(code: FailureCode, status: number): number {
  if (code === "RESPONSE_MALFORMED") return STATUS.INTERNAL;
  switch (status) {
    case 400:
      return STATUS.INTERNAL;
    case 401:
      return STATUS.UNAUTHENTICATED;
    case 403:
      return STATUS.PERMISSION_DENIED;
    case 429:
    case 431:
      return STATUS.RESOURCE_EXHAUSTED;
    case 504:
      return STATUS.DEADLINE_EXCEEDED;
    case 501:
      return STATUS.UNIMPLEMENTED;
    default:
      return STATUS.UNAVAILABLE;
  }
}

/** Percent-encoded UTF-8, except for printable ASCII. */
function encodeMessage(text: string): string {
  let encoded = "";
  for (const byte of Buffer.from(text, "utf8")) {
    const plain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
    const hexadecimal = byte.toString(16).toUpperCase().padStart(2, "0");
    encoded += plain ? String.fromCharCode(byte) : `%${hexadecimal}`;
  }
  return encoded;
}
