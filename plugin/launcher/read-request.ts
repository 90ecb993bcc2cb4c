// A request's body, read whole and bounded before anything is decided: a body that comes later, or that two readers would
// delimit differently, is how filters in front of engines have been passed (CVE-2024-41110).
import type { IncomingMessage } from "node:http";
import { Refusal } from "./refusal.ts";

/** Bytes. A template with the redirection of a hundred ports has a tenth of it. */
export const LARGEST_BODY = 65_536;

/** Throws a {@link Refusal} for whatever an agent never sends. */
export function refuseAmbiguity({
  method,
  headers,
  rawHeaders,
  httpVersion,
}: IncomingMessage): void {
  const refused = ["transfer-encoding", "upgrade", "expect", "te", "trailer", "content-encoding"];
  for (const name of refused)
    if (headers[name] !== undefined) throw new Refusal(`expected no header ${name}`, 400);
  const names = rawHeaders.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase());
  const lengths = names.filter((name) => name === "content-length").length;
  if (httpVersion !== "1.1" || lengths > 1 || !/^\d{0,9}$/.test(headers["content-length"] ?? ""))
    throw new Refusal("expected HTTP/1.1 with one length", 400);
  if (method !== "POST" && Number(headers["content-length"] ?? 0) > 0)
    throw new Refusal(`expected no body with ${method}`, 400);
}

/** Throws a {@link Refusal} for one that is too large, before reading it where it says so. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const tooLarge = new Refusal(`expected a body of at most ${LARGEST_BODY} bytes`, 413);
  if (Number(request.headers["content-length"] ?? 0) > LARGEST_BODY) throw tooLarge;
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > LARGEST_BODY) throw tooLarge;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
