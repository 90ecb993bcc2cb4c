// What gRPC says about the outcome of a call, which HTTP's status does not say: in a field of the head when there is nothing
// but that to say, else in the trailers (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md, "Responses").
import type { Trailers } from "../http/streams.ts";
import type { MessageHead } from "../http1/message-head.ts";

const FIELD = "grpc-status";
const CONTENT_TYPE = /\r\ncontent-type:[ \t]*([^\r]*)\r\n/i;
const LINE = /^grpc-status:[ \t]*(\d{1,2})[ \t]*\r$/im;

/** Whether a content type is one of gRPC's: `application/grpc`, or that with a message format. */
export function isGrpc(contentType: string | undefined): boolean {
  return contentType !== undefined && /^application\/grpc(?:[+;]|$)/.test(contentType);
}

/** Whether a request's head, as text, is that of a call of gRPC's. */
export function isGrpcCall(head: string): boolean {
  return isGrpc(CONTENT_TYPE.exec(head)?.[1]);
}

/** What HTTP would say for a gRPC status: for those who judge an application by its answers. */
const HTTP_STATUSES: readonly number[] = [
  ...[200, 499, 500, 400, 504, 404, 409, 403, 429],
  ...[400, 409, 400, 501, 500, 503, 500, 401],
];

/** The status in a head, as text; undefined when it is still to come. */
export function grpcStatusOf(head: MessageHead): string | undefined {
  return head.fieldText(FIELD);
}

/** The status in trailers; undefined when they have none. */
export function grpcStatusIn(trailers: Trailers): string | undefined {
  return trailers.length === 0 ? undefined : LINE.exec(trailers.toString("latin1"))?.[1];
}

/** Whether the text can be one; gRPC has 0 to 16, and leaves room for others. */
export function isGrpcStatus(text: string): boolean {
  return /^\d{1,2}$/.test(text);
}

/** For the text of a status; without one that says anything the call has failed in a way unknown. */
export function httpStatusFor(status: string | undefined): number {
  const known = status !== undefined && isGrpcStatus(status);
  return (known ? HTTP_STATUSES[Number(status)] : undefined) ?? 500;
}
