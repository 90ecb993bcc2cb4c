// HTTP fields as flat lists (name, value, name, value, …), the way they came: order, case and repetition survive, and no
// field name can collide with a property of an object. Only pure functions live here.
// RFC 9110 §7.6.1: what concerns one connection alone is taken out before anything of ours is put in.
import { FAILURE_FIELD } from "../failures.ts";

/** Names and values in turn. */
export type Fields = readonly string[];

const HOP_BY_HOP: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  // Announces trailers; the trailers themselves are sent when the framing allows it.
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** What `Connection` may not remove: naming one of these would change where a message ends or whom it is for. */
const ESSENTIAL: ReadonlySet<string> = new Set(["content-length", "host"]);

/** RFC 9110 §6.5.1: fields that must not arrive late, since decisions were made without them. */
const FORBIDDEN_TRAILERS: ReadonlySet<string> = new Set([
  ...HOP_BY_HOP,
  "authorization",
  "content-encoding",
  "content-length",
  "content-range",
  "content-type",
  "cookie",
  "host",
  "set-cookie",
]);

/** Keeps the fields whose lower-case name passes. */
export function keepFields(fields: Fields, keep: (name: string) => boolean): string[] {
  const kept: string[] = [];
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const name = fields[index] ?? "";
    if (keep(name.toLowerCase())) kept.push(name, fields[index + 1] ?? "");
  }
  return kept;
}

/** The values of every field of that lower-case name, in order. */
export function fieldValues(fields: Fields, name: string): string[] {
  const values: string[] = [];
  for (let index = 0; index + 1 < fields.length; index += 2) {
    if (fields[index]?.toLowerCase() === name) values.push(fields[index + 1] ?? "");
  }
  return values;
}

/** The members of a comma-separated field, lower case. */
export function fieldTokens(fields: Fields, name: string): string[] {
  return fieldValues(fields, name).flatMap((value) =>
    value.split(",").map((token) => token.trim().toLowerCase()),
  );
}

/** Without the fields of one connection: those that `Connection` names, and those that always are. */
export function endToEndFields(fields: Fields): string[] {
  const named = new Set(fieldTokens(fields, "connection"));
  return keepFields(
    fields,
    (name) => !HOP_BY_HOP.has(name) && (!named.has(name) || ESSENTIAL.has(name)),
  );
}

/** Without what only sidecars may say: their own fields, and the statement of who calls. */
export function withoutMeshFields(fields: Fields): string[] {
  return keepFields(
    fields,
    (name) => !name.startsWith("x-mesh-") && name !== "x-forwarded-client-cert",
  );
}

/** A response's fields as they go on: end to end, and without the failure field. */
export function responseFields(fields: Fields): string[] {
  return keepFields(endToEndFields(fields), (name) => name !== FAILURE_FIELD);
}

/** Trailers that may go on, as pairs. */
export function trailerPairs(fields: Fields): [string, string][] {
  const kept = keepFields(
    fields,
    (name) =>
      !FORBIDDEN_TRAILERS.has(name) &&
      !name.startsWith("x-mesh-") &&
      !name.startsWith("x-forwarded-"),
  );
  return kept.flatMap((name, index): [string, string][] =>
    index % 2 === 0 ? [[name, kept[index + 1] ?? ""]] : [],
  );
}

/** Whether the message's framing announces a body: chunked, or a length other than zero. */
export function announcesBody(fields: Fields): boolean {
  if (fieldValues(fields, "transfer-encoding").length > 0) return true;
  return fieldValues(fields, "content-length").some((value) => value !== "0");
}

/** Whether the message is in a transfer coding that we would lose by framing it anew. */
export function hasForeignCoding(fields: Fields): boolean {
  return fieldTokens(fields, "transfer-encoding").some((coding) => coding !== "chunked");
}
