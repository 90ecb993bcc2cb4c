// How the mesh's own failures look to a gRPC caller: always HTTP 200, with the outcome in fields
// (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md, "Responses"). By an HTTP status alone, libraries would
// have to guess what happened.
import { FAILURES, type FailureCode } from "../failures.ts";

/** https://grpc.io/docs/guides/status-codes */
const STATUS = {
  RESOURCE_EXHAUSTED: 8,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
} as const;

/** Whether a content type is one of gRPC's: `application/grpc`, or that with a message format. */
export function isGrpc(contentType: string | undefined): boolean {
  return contentType !== undefined && /^application\/grpc(?:[+;]|$)/.test(contentType);
}

/** The fields that stand for a failure. */
export function grpcFailureFields(code: FailureCode, text: string): string[] {
  return [
    ...["content-type", "application/grpc"],
    ...["grpc-status", String(grpcStatus(code)), "grpc-message", encodeMessage(text.trimEnd())],
  ];
}

/** UNAVAILABLE is what callers try again by themselves. */
function grpcStatus(code: FailureCode): number {
  if (code === "RESPONSE_MALFORMED") return STATUS.INTERNAL;
  switch (FAILURES[code].status) {
    case 400:
      return STATUS.INTERNAL;
    case 431:
      return STATUS.RESOURCE_EXHAUSTED;
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
